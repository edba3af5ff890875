import type { Client, Decision, GateOutcome } from '@basedrift/contract'
import type { Command } from 'commander'
import { duration } from '../client/duration.js'
import { addServerOptions, openClient, type ServerOptions } from '../client/server.js'
import { CliError } from '../errors.js'
import { exitCodes } from '../exit.js'
import { note } from '../output/destination.js'
import { type Output, openOutputs, parseFormats, repeated } from '../output/formats.js'
import { printable } from '../output/printable.js'
import { isReason, reasonRange } from '../output/reason.js'

interface GateOptions extends ServerOptions {
  readonly build: string
  readonly environment: string
  readonly stream?: string
  readonly wait: number
  readonly timeout: number
  readonly dryRun?: boolean
  readonly format?: string[]
}

type Format = 'table' | 'json' | 'junit' | 'sarif'

/** Longest wait, in seconds. */
const longestWait = 24 * 3600

const exits: Readonly<Record<GateOutcome, number>> = {
  pass: exitCodes.ok,
  fail: exitCodes.bad,
  unknown: exitCodes.unknown,
}

/** `basedrift gate`: may this build be published, given what is live? */
export function addGate(program: Command, ended: (code: number) => void): void {
  const command = program
    .command('gate')
    .description('may this build be published, given what is live? exit 0 pass, 1 fail, 2 error, 3 unknown')
    .requiredOption('--build <build>', 'its id, or version-release together with --stream')
    .requiredOption('--environment <name>', 'where it is to be published')
    .option('--stream <name>', 'the stream that version-release is of')
    .option(
      '--wait <time>',
      'wait for another answer than unknown: 90s, 10m',
      duration('--wait', longestWait),
      0,
    )
    .option('--timeout <time>', 'how long an answer may take beyond that', duration('--timeout', 600), 30)
    .option('--dry-run', 'exit 0 whatever the answer is; the service records that it was only asked')
    .option(
      '--format <format>',
      'table, json, junit or sarif, with =FILE to write to a file; repeatable',
      repeated,
    )
    .addHelpText(
      'after',
      '\nBASEDRIFT_BREAK_GLASS=REASON publishes all the same: exit 0, recorded by the service with the reason and who did it.',
    )
  addServerOptions(command).action(async (options: GateOptions) => {
    const choices = parseFormats<Format>(options.format ?? [], ['table', 'json', 'junit', 'sarif'])
    const reason = breakGlassReason(process.env.BASEDRIFT_BREAK_GLASS)
    if (reason !== null && options.dryRun)
      throw new CliError('usage', 'A dry run publishes nothing: unset BASEDRIFT_BREAK_GLASS.', '--dry-run')
    // Opened first: the result of an earlier run is never taken for this one's.
    const outputs = openOutputs(choices)
    try {
      const client = await openClient(options)
      if (reason !== null) await breakGlass(client, options, reason, outputs)
      else await decide(client, options, outputs)
    } finally {
      for (const { to } of outputs) to.close()
    }
  })

  const decide = async (client: Client, options: GateOptions, outputs: readonly Output<Format>[]) => {
    const decision = await asked(client, options).catch(async (error: unknown) => {
      await writeError(outputs, options, error)
      throw error
    })
    await write(outputs, decision, options.server)
    if (outputs.every(({ to }) => to.path !== null)) {
      const { version, release } = decision.build
      const subject = `${decision.stream} ${version}-${release} into ${decision.environment}`
      note(printable(`The gate says ${decision.answer} on ${subject}; decision ${decision.id}.`))
    }
    const exit = exits[decision.answer]
    if (options.wait > 0 && decision.answer === 'unknown') await sayWhatStays(decision)
    if (options.dryRun) note(`Dry run: without --dry-run this would have ended with ${exit}.`)
    ended(options.dryRun ? exitCodes.ok : exit)
  }

  const breakGlass = async (
    client: Client,
    options: GateOptions,
    reason: string,
    outputs: readonly Output<Format>[],
  ) => {
    let decision: Decision | null = null
    try {
      decision = await asked(client, { ...options, wait: 0 })
      await write(outputs, decision, options.server)
    } catch (error) {
      await writeError(outputs, options, error)
      const { errorLine } = await import('../errors.js')
      note(errorLine(error))
    }
    if (decision?.answer === 'pass') {
      note('The gate passes: BASEDRIFT_BREAK_GLASS was not needed, and nothing was recorded of it.')
      ended(exitCodes.ok)
      return
    }
    const { recordBrokenGlass } = await import('../client/break-glass.js')
    const recorded = await recordBrokenGlass(client, options, reason, decision, options.timeout * 1000)
    const said = decision === null ? 'gave no answer' : `said ${decision.answer}`
    for (const line of [
      '!!! BREAK GLASS !!!',
      `The gate of ${options.environment} ${said} on ${options.build}; this ends with 0 all the same.`,
      `Reason: ${reason}`,
      recorded,
    ])
      note(printable(`basedrift: ${line}`))
    ended(exitCodes.ok)
  }
}

/** Says why it was not waited for another answer, where nothing that may come changes a reason. */
async function sayWhatStays({ reasons }: Decision): Promise<void> {
  const { mayBecomeKnown } = await import('@basedrift/contract/client')
  const staying = new Set(
    reasons.filter((reason) => !mayBecomeKnown('unknown', [reason])).map(({ code }) => code),
  )
  if (staying.size > 0) note(`Not waited for: no waiting changes ${[...staying].join(', ')}.`)
}

/** Why the glass is broken; null where it is not. @throws CliError `usage` for a reason that says nothing */
function breakGlassReason(value: string | undefined): string | null {
  const reason = value?.trim() ?? ''
  if (reason === '') return null
  if (isReason(reason) && /\p{L}{2}/u.test(reason)) return reason
  throw new CliError('usage', `BASEDRIFT_BREAK_GLASS says why, ${reasonRange}.`, 'BASEDRIFT_BREAK_GLASS')
}

async function asked(client: Client, options: GateOptions): Promise<Decision> {
  const { askGate, inTime } = await import('../client/ask-gate.js')
  const { buildIdOf } = await import('../client/builds.js')
  const { whoRuns } = await import('../client/who.js')
  const build = await inTime(options.timeout * 1000, (call) =>
    buildIdOf(client, options.build, options.stream, call),
  )
  return askGate(client, {
    build,
    environment: options.environment,
    dryRun: options.dryRun === true,
    onBehalfOf: whoRuns(),
    waitSeconds: options.wait,
    timeoutMs: options.timeout * 1000,
  })
}

async function write(outputs: readonly Output<Format>[], decision: Decision, server: string): Promise<void> {
  const { decisionWriter } = await import('../format/decision.js')
  const text = decisionWriter(decision, server)
  for (const { name, to } of outputs) await to.write(text(name, to))
}

/** What readers of reports see where there is no decision: no report at all may look like a pass. */
async function writeError(
  outputs: readonly Output<Format>[],
  { environment, build }: GateOptions,
  error: unknown,
): Promise<void> {
  const { reportOf } = await import('../errors.js')
  const { errorJunit } = await import('../format/gate-junit.js')
  const { errorSarif } = await import('../format/sarif.js')
  const { json } = await import('../output/write.js')
  const report = reportOf(error)
  for (const { name, to } of outputs) {
    if (name === 'junit') await to.write(errorJunit(environment, build, report))
    if (name === 'sarif') await to.write(json(errorSarif(report)))
  }
}
