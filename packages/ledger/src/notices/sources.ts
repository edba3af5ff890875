import { createHash } from 'node:crypto'
import {
  type ArtifactRefusedNotice,
  type BuildDiffersNotice,
  type BuildRef,
  noticeLimits,
} from '@basedrift/contract'
import type { Tx } from '../db.js'
import type { Failure, Json } from '../rows.js'
import { touch } from './subjects.js'

/** Artifacts of one build that are told of each by itself: a build of more broken packages is one problem. */
const toldArtifacts = 8

/** Characters that stand in no line of a message. */
const unprintable = /[\p{Cc}\p{Surrogate}]+/gu

/** Text of others as an event holds it: one line, of bounded length, not empty. */
export function line(text: string, most: number): string {
  const clean = text.replace(unprintable, ' ').trim()
  if (clean === '') return '?'
  return clean.length <= most ? clean : `${clean.slice(0, most - 1).replace(/\p{Surrogate}$/u, '')}…`
}

const sha256OfLine = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32)

interface Named {
  stream: string
  build: BuildRef
}

async function named(tx: Tx, buildId: string): Promise<Named | null> {
  const found = await tx.build.findUnique({
    where: { id: buildId },
    select: { id: true, version: true, release: true, stream: { select: { name: true } } },
  })
  if (found === null) return null
  const { id, version, release, stream } = found
  return { stream: stream.name, build: { id, version, release } }
}

/** SHA-256 in what is recorded of an artifact; null where there is none. */
export const digestOf = (content: unknown): string | null => {
  const { sha256 } = (content ?? {}) as { sha256?: unknown }
  return typeof sha256 === 'string' ? sha256 : null
}

/** A name came with other content than is recorded: in the transaction that records the refusal. */
export async function touchRefusal(
  tx: Tx,
  refusal: { buildId: string; filename: string | null; recorded: Json; given: Json },
  now: Date,
): Promise<void> {
  const { buildId, filename, recorded, given } = refusal
  const of = await named(tx, buildId)
  if (of === null) return
  const draft: BuildDiffersNotice = {
    kind: 'build-differs',
    severity: 'critical',
    at: now.toISOString(),
    link: `/v1/builds/${buildId}`,
    ...of,
    filename,
    recorded: filename === null ? null : digestOf(recorded),
    given: filename === null ? null : digestOf(given),
  }
  const subject = `differs:${buildId}:${filename === null ? 'declaration' : sha256OfLine(filename)}`
  await touch(tx, { subject, draft }, now)
}

/** Artifacts of a build cannot be used as a whole: in the transaction that records what became of them. */
export async function touchArtifacts(
  tx: Tx,
  buildId: string,
  artifacts: readonly { id: string; state: string }[],
  now: Date,
): Promise<void> {
  const ids = artifacts.filter(({ state }) => state === 'failed').map(({ id }) => id)
  if (ids.length === 0) return
  const of = await named(tx, buildId)
  if (of === null) return
  const refused = await refusedOf(tx, buildId)
  const { failed, total } = refused
  if (failed.length > toldArtifacts) return touchBuild(tx, of, refused, [], now)
  for (const { id, filename, problems } of failed.filter((artifact) => ids.includes(artifact.id))) {
    const counts = { artifacts: total, failed: failed.length }
    const draft = refusedNotice(of, filename, counts, problems, now)
    await touch(tx, { subject: `artifact:${id}`, draft }, now)
  }
}

/** A build failed as a whole: in the transaction that records it. Artifacts of it that failed too are told of with it. */
export async function touchFailedBuild(tx: Tx, buildId: string, failure: Failure, now: Date): Promise<void> {
  const of = await named(tx, buildId)
  if (of !== null) await touchBuild(tx, of, await refusedOf(tx, buildId), [failure], now)
}

interface Refused {
  total: number
  failed: { id: string; filename: string; problems: Failure[] }[]
}

async function refusedOf(tx: Tx, buildId: string): Promise<Refused> {
  const total = await tx.artifact.count({ where: { buildId } })
  const failed = await tx.artifact.findMany({
    where: { buildId, state: 'failed' },
    select: { id: true, filename: true, problems: true },
    orderBy: { id: 'asc' },
  })
  return { total, failed: failed.map((one) => ({ ...one, problems: one.problems as unknown as Failure[] })) }
}

async function touchBuild(
  tx: Tx,
  of: Named,
  { total, failed }: Refused,
  own: readonly Failure[],
  now: Date,
): Promise<void> {
  const problems = failed.flatMap(({ filename, problems }) =>
    problems.map((problem) => ({ ...problem, file: problem.file ?? filename })),
  )
  const counts = { artifacts: total, failed: failed.length }
  const draft = refusedNotice(of, null, counts, [...own, ...problems], now)
  await touch(tx, { subject: `build:${of.build.id}`, draft }, now)
}

function refusedNotice(
  of: Named,
  filename: string | null,
  counts: { artifacts: number; failed: number },
  problems: readonly Failure[],
  now: Date,
): ArtifactRefusedNotice {
  return {
    kind: 'artifact-refused',
    severity: 'warning',
    at: now.toISOString(),
    link: `/v1/builds/${of.build.id}`,
    ...of,
    filename,
    ...counts,
    problems: problems.slice(0, noticeLimits.problems).map(({ code, file, message }) => ({
      code,
      file: file === undefined ? null : line(file, noticeLimits.text),
      message: line(message, noticeLimits.text),
    })),
    problemsTotal: problems.length,
  }
}

/** The drift between two builds has come further, or a pair of the two has: in the transaction that records it. */
export async function touchDriftOf(tx: Tx, a: string, b: string, now: Date): Promise<void> {
  if (a === b) return
  const drifts = await tx.drift.findMany({
    where: {
      OR: [
        { fromBuildId: a, toBuildId: b },
        { fromBuildId: b, toBuildId: a },
      ],
      neighbours: true,
    },
    select: { id: true },
  })
  await touchDrifts(
    tx,
    drifts.map(({ id }) => id),
    now,
  )
}

/** These drifts are to be told of anew: in the transaction that changes them. */
export async function touchDrifts(tx: Tx, ids: readonly string[], now: Date): Promise<void> {
  for (const id of [...ids].sort()) await touch(tx, { subject: `drift:${id}`, draft: null }, now)
}
