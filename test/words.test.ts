import { driftClasses } from '@basedrift/btf'
import * as check from '@basedrift/check'
import * as contract from '@basedrift/contract'
import * as ledger from '@basedrift/ledger'
import { expect, it } from 'vitest'

// Neither package may import the other: this is what keeps their words the same.
it('verdicts and outcomes are the same words on both sides of the boundary', () => {
  expect(contract.verdicts).toEqual(check.verdicts)
  expect(contract.overalls).toEqual(check.overalls)
  expect(contract.driftClasses).toEqual(driftClasses)
  expect(contract.obstacleCodes).toEqual(check.obstacleCodes)
  expect(contract.btfIdsStates).toEqual(check.btfIdsStates)
})

it('who says where modules were built is the same in the ledger and outside', () => {
  expect(contract.originSources).toEqual(ledger.originSources)
})

it('the rules by which versions are ordered are the same in the ledger and outside', () => {
  expect(contract.versionSchemes).toEqual(ledger.versionSchemes)
})

it('kinds of artifacts are the same in the ledger and outside', () => {
  expect(contract.artifactKinds).toEqual(ledger.artifactKinds)
})
