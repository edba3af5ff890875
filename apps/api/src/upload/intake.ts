import type { BlobStore, Ledger } from '@basedrift/ledger'
import type { FastifyBaseLogger } from 'fastify'
import type { ApiLimits } from '../config.js'
import { ProblemError } from '../problem.js'

/** A file that comes, or that is in the store already, for a build. */
export interface Incoming {
  stream: string
  /** Token that sends it; null where there are none. */
  token: string | null
  sha256: string
  /** Bytes that are taken from quotas: as many as are announced, else as many as may come; 0 where none come. */
  bytes: number
  /** Whether its length was announced. */
  announced: boolean
}

/** What came of it: an artifact is `created` where none was there. */
export interface Added {
  outcome: string
  size: number
}

/** Takes files in: within the quotas of a day, and so that nothing stays in the store of one that is not recorded. */
export interface Intake {
  /** Runs what stores and records the file. `quota-exceeded`. */
  during<T extends Added>(incoming: Incoming, work: () => Promise<T>): Promise<T>
}

const gib = 1024 ** 3

interface IntakeOptions {
  ledger: Pick<Ledger, 'blobs' | 'quotas'>
  blobs: Pick<BlobStore, 'delete'>
  limits: Pick<ApiLimits, 'streamDailyBytes' | 'tokenDailyBytes'>
  log: FastifyBaseLogger
}

/** Files of all uploads to this process go through one. */
export function createIntake({ ledger, blobs, limits, log }: IntakeOptions): Intake {
  const quotasFor = ({ stream, token }: Incoming) =>
    [
      { subject: `stream ${stream}`, most: limits.streamDailyBytes },
      { subject: `token ${token ?? ''}`, most: limits.tokenDailyBytes },
    ].filter(({ most }) => most > 0)

  const reserve = async (incoming: Incoming) => {
    const quotas = quotasFor(incoming)
    if (incoming.bytes === 0 || quotas.length === 0) return null
    const { taken, exhausted } = await ledger.quotas.take(quotas, incoming.bytes)
    if (exhausted === null) return taken
    const most = quotas.find(({ subject }) => subject === exhausted.subject)?.most ?? 0
    const of = exhausted.subject.startsWith('token') ? 'This token' : `The stream ${incoming.stream}`
    const wanted = incoming.announced
      ? `the file has ${incoming.bytes}`
      : `of a file without a Content-Length ${incoming.bytes} are reserved`
    const seconds = Math.ceil(exhausted.leftMs / 1000)
    throw new ProblemError(
      'quota-exceeded',
      `${of} has used ${exhausted.used} of ${most} bytes (${(most / gib).toFixed(1)} GiB) today, and ${wanted}.`,
      { headers: { 'retry-after': String(seconds) } },
    )
  }

  // What cannot be given back stays taken until the day is over, and a file that is left is collected.
  const afterwards = (work: Promise<unknown>) =>
    work.catch((error: unknown) => log.warn({ err: error }, 'what an upload had taken was not given back'))

  return {
    async during(incoming, work) {
      const taken = await reserve(incoming)
      let kept = 0
      try {
        const claim = await ledger.blobs.claim(incoming.sha256)
        let created = false
        try {
          const result = await work()
          created = result.outcome === 'created'
          if (created) kept = result.size
          return result
        } finally {
          if (!created) await afterwards(ledger.blobs.release(claim, (sha256) => blobs.delete(sha256)))
        }
      } finally {
        if (taken !== null && kept < taken.bytes)
          await afterwards(ledger.quotas.giveBack(taken, taken.bytes - kept))
      }
    },
  }
}
