// Every error code of the project, from the packages that export them. Needs a build.
import { artifactErrorCodes } from '@basedrift/artifacts'
import { btfErrorCodes, kernelReasonCodes } from '@basedrift/btf'
import { checkErrorCodes } from '@basedrift/check'
import { clientErrorCodes, gateReasonCodes, errorCodes as httpErrorCodes } from '@basedrift/contract'
import { jobsErrorCodes } from '@basedrift/jobs'
import { ledgerErrorCodes } from '@basedrift/ledger'
import { notifyErrorCodes } from '@basedrift/notify'
import { runtimeErrorCodes } from '@basedrift/runtime'
import { cliErrorCodes } from '../../apps/cli/dist/errors.js'
import { workerErrorCodes } from '../../apps/worker/dist/errors.js'

/** Groups of codes in the order of the page: `{ title, codes: { CODE: MEANING } }`. */
export const errorCodes = () => [
  { title: 'Reasons of a kernel', codes: kernelReasonCodes },
  { title: 'Reading BTF', codes: btfErrorCodes },
  { title: 'Reading artifacts', codes: artifactErrorCodes },
  { title: 'Checking', codes: checkErrorCodes },
  { title: 'Command line', codes: cliErrorCodes },
  { title: 'Client', codes: clientErrorCodes },
  {
    title: 'HTTP',
    codes: Object.fromEntries(
      Object.entries(httpErrorCodes).map(([code, { status, title, sentence }]) => [
        code,
        `${status}. ${title}. ${sentence}`,
      ]),
    ),
  },
  {
    title: 'Reasons of a gate',
    codes: Object.fromEntries(
      Object.entries(gateReasonCodes).map(([code, { outcome, sentence, remedy }]) => [
        code,
        `${outcome}. ${sentence} ${remedy}`,
      ]),
    ),
  },
  { title: 'Ledger', codes: ledgerErrorCodes },
  { title: 'Jobs', codes: jobsErrorCodes },
  { title: 'Channels', codes: notifyErrorCodes },
  { title: 'Worker', codes: workerErrorCodes },
  { title: 'Running it', codes: runtimeErrorCodes },
]
