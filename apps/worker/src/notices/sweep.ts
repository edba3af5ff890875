import { gateEngine } from '@basedrift/check'
import { type Log, Loop } from '@basedrift/jobs'
import type { Ledger } from '@basedrift/ledger'

/** What the sweep needs. */
export interface SweepOptions {
  ledger: Pick<Ledger, 'asked' | 'gate' | 'moduleSets' | 'notices'>
  log: Log
  /** Called when something may have been recorded. */
  ring: () => void
  /** How often to look, in milliseconds. */
  intervalMs?: number
  /** How long before its end a waiver is told of, in milliseconds. */
  waiverMs?: number
}

/** Looks now and then for what no write tells of. */
export interface Sweep {
  /** A round now; resolves when it has ended. */
  run(): Promise<void>
  stop(): Promise<void>
}

/** Three days. */
const defaultWaiverMs = 72 * 3_600_000

/**
 * Starts to ask again what was asked of gates, where anything changed in their stream or a waiver has ended, so that an answer that
 * turned is recorded and told of though nobody asks; and to tell of waivers that end soon. Every worker does it: the same answer
 * is recorded once.
 */
export function startSweep(options: SweepOptions): Sweep {
  const { ledger, log, ring, intervalMs = 15_000, waiverMs = defaultWaiverMs } = options
  /** What the answers of a stream were given by. */
  let seen = new Map<string, string>()

  const engine = gateEngine((setId) => ledger.moduleSets.manifest(setId))

  const askAgain = async (): Promise<void> => {
    const marks = new Map<string, string>()
    for (const { streamId, mark, questions } of await ledger.asked.streams()) {
      let answered = true
      for (const question of seen.get(streamId) === mark ? [] : questions) {
        try {
          await ledger.gate.ask(question, engine)
        } catch (error) {
          // One that cannot be answered holds no other up, and is asked again.
          answered = false
          log.warn({ err: error, ...question }, 'a gate was not asked again')
        }
      }
      if (answered) marks.set(streamId, mark)
    }
    seen = marks
  }

  const loop = new Loop({
    intervalMs,
    onError: (error) => log.warn({ err: error }, 'gates were not asked again'),
    work: async () => {
      await ledger.notices.expiring(waiverMs)
      await askAgain()
      ring()
    },
  })
  void loop.run()
  return { run: () => loop.run(), stop: () => loop.stop() }
}
