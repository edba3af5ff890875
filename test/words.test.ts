import { driftClasses } from '@basedrift/btf'
import * as check from '@basedrift/check'
import * as contract from '@basedrift/contract'
import { expect, it } from 'vitest'

// Neither package may import the other: this is what keeps their words the same.
it('verdicts and outcomes are the same words on both sides of the boundary', () => {
  expect(contract.verdicts).toEqual(check.verdicts)
  expect(contract.overalls).toEqual(check.overalls)
  expect(contract.driftClasses).toEqual(driftClasses)
  expect(contract.obstacleCodes).toEqual(check.obstacleCodes)
  expect(contract.doubtCodes).toEqual(check.doubtCodes)
  expect(contract.btfIdsStates).toEqual(check.btfIdsStates)
})
