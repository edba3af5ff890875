import {
  joinVersionRelease,
  type Statement,
  statementVersion,
  type TestedPair,
  type TestResult,
  testResultType,
} from '@basedrift/contract'
import type { ArtifactRow, AttestedBuild, AttestedPair, BuildRow, MissingEvidence } from '@basedrift/ledger'

/** Evidence beside the packages, what could not be used, and what holds nothing that is compared, is not what the verdicts are of. */
const isRead = ({ kind, state, problems }: ArtifactRow) =>
  kind === 'package' && state === 'ingested' && !problems.some(({ code }) => code === 'artifact-empty')

/** What fails a test, and what leaves it open. */
const failing = [
  'changed',
  'misread',
  'rejected',
  'discarded',
  'crashes',
  'refused',
  'loads-misread',
] as const
const open = ['unknown', 'error', 'symbols-missing', 'load-doubtful', 'load-unknown'] as const

function resultOf({ state, counts }: AttestedPair, withoutBtfFails: boolean): TestResult {
  const some = (words: readonly (keyof typeof counts)[]) => words.some((word) => (counts[word] ?? 0) > 0)
  if (some(failing) || (withoutBtfFails && some(['no-btf']))) return 'FAILED'
  return state !== 'done' || some(open) ? 'WARNED' : 'PASSED'
}

const testName = ({ kernelBuild, moduleBuild }: AttestedPair) =>
  `modules of ${joinVersionRelease(moduleBuild)} on the kernel of ${joinVersionRelease(kernelBuild)}`

function tested(pair: AttestedPair): TestedPair {
  const { direction, environments, kernelBuild, moduleBuild, rules, engine, state } = pair
  const counts = Object.entries(pair.counts).filter(([, count]) => count > 0)
  return {
    name: testName(pair),
    digest: pair.baseSha256 === null ? {} : { sha256: pair.baseSha256 },
    annotations: {
      direction,
      environments,
      kernelBuild: kernelBuild.id,
      moduleBuild: moduleBuild.id,
      moduleSet: pair.moduleSetId,
      rules: rules?.version ?? null,
      allowBtfMismatch: rules?.allowBtfMismatch ?? null,
      engine,
      state,
      verdicts: Object.fromEntries(counts.sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  }
}

/** A test that could not be made, in the words of the gate: what is missing, of which build, where. */
function missingName({ environment, reason }: MissingEvidence): string {
  const of = reason.kernelBuild ?? reason.moduleBuild
  const parts = [
    `missing: ${reason.code}`,
    of === null ? '' : ` of ${joinVersionRelease(of)}`,
    environment === null ? '' : ` in ${environment}`,
    reason.detail === null ? '' : `, ${reason.detail}`,
  ]
  return parts.join('')
}

/**
 * What is attested of a build: the packages of it that were read, and what became of its pairs, as an in-toto test result. It follows
 * from what is given alone: no time and no address is in it. It has passed where every pair has, and nothing is missing; without any
 * test nothing has.
 */
export function statementOf(build: BuildRow, attested: AttestedBuild): Statement {
  const { pairs, missing, moreEnvironments, withoutBtfFails } = attested
  const { stream, version, release } = build
  const openTests = missing.map((one) => ({ name: missingName(one), result: 'WARNED' as const }))
  if (moreEnvironments)
    openTests.push({ name: 'missing: more environments than are looked at', result: 'WARNED' })
  const judged = pairs.map((pair) => ({ name: testName(pair), result: resultOf(pair, withoutBtfFails) }))
  const tests = [...judged, ...openTests]
  const named = (wanted: TestResult) =>
    tests.filter(({ result }) => result === wanted).map(({ name }) => name)
  const [failedTests, warnedTests, passedTests] = [named('FAILED'), named('WARNED'), named('PASSED')]
  return {
    _type: statementVersion,
    subject: build.artifacts.filter(isRead).map(({ filename, sha256 }) => ({
      name: filename,
      digest: { sha256 },
      annotations: { stream, version, release },
    })),
    predicateType: testResultType,
    predicate: {
      result:
        failedTests.length > 0
          ? 'FAILED'
          : warnedTests.length > 0 || judged.length === 0
            ? 'WARNED'
            : 'PASSED',
      configuration: pairs.map(tested),
      passedTests,
      warnedTests,
      failedTests,
    },
  }
}
