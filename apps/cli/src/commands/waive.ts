import type { WaivableVerdict, Waiver } from '@basedrift/contract'
import type { Command } from 'commander'
import { duration } from '../client/duration.js'
import { addShowOptions, openShow, type Show, type ShowOptions } from '../client/show.js'
import { wholeList } from '../client/whole.js'
import { CliError } from '../errors.js'
import { exitCodes } from '../exit.js'
import { repeated } from '../output/formats.js'
import { isReason, reasonRange } from '../output/reason.js'

interface AddOptions extends ShowOptions {
  readonly kernel: string
  readonly modules: string
  readonly stream?: string
  readonly verdict: string[]
  readonly module?: string[]
  readonly all?: boolean
  readonly reason: string
  readonly expires: string
}

interface ListOptions extends ShowOptions {
  readonly stream?: string
  readonly state?: string
}

const longestSeconds = 366 * 86_400
const endExamples = '30d, 12h, or a time as `date -u -d +30days +%FT%TZ` prints it, at most 366 days from now'

/** `basedrift waive`: accept verdicts for a while, see what is accepted, and withdraw it. */
export function addWaive(program: Command, ended: (code: number) => void): void {
  const waive = program
    .command('waive')
    .alias('waiver')
    .description(
      'accept named verdicts of modules on a kernel for a while; list and withdraw what was accepted',
    )
  const subcommand = (name: string, description: string): Command =>
    addShowOptions(waive.command(name).description(description))

  subcommand('add', 'accept verdicts; bound to the content of both sides, gone once it changes')
    .requiredOption('--kernel <build>', 'the kernel build: its id, or version-release together with --stream')
    .requiredOption('--modules <build>', 'the module build, likewise')
    .option('--stream <name>', 'the stream that version-release is of')
    .requiredOption('--verdict <verdict>', 'a verdict that is accepted; repeatable', repeated)
    .option('--module <name>', 'a module that it is for; repeatable', repeated)
    .option('--all', 'for all modules of the build')
    .requiredOption('--reason <text>', 'why, for whoever reads it later')
    .requiredOption('--expires <when>', `when it ends: ${endExamples}`)
    .action(async (options: AddOptions) => {
      const wrong: string[] = []
      const told = async <T>(part: () => T | Promise<T>): Promise<T | undefined> => {
        try {
          return await part()
        } catch (error) {
          if (!(error instanceof CliError)) throw error
          wrong.push(`${error.message} (${error.where})`)
          return undefined
        }
      }
      if ((options.module === undefined) === (options.all !== true))
        wrong.push('Name modules with --module, or give --all.')
      const verdicts = await told(() => waivable(options.verdict))
      const expiresAt = await told(() => expiryOf(options.expires, Date.now()))
      if (!isReason(options.reason)) wrong.push(`Say why, ${reasonRange} (--reason).`)
      if (verdicts === undefined || expiresAt === undefined || wrong.length > 0)
        throw new CliError('usage', wrong.join(' '))
      const { client, show } = await openShow(options)
      const { buildIdOf } = await import('../client/builds.js')
      const { waiver } = await client.waive({
        kernelBuild: await buildIdOf(client, options.kernel, options.stream),
        moduleBuild: await buildIdOf(client, options.modules, options.stream),
        verdicts,
        modules: options.module ?? 'all',
        reason: options.reason,
        expiresAt,
      })
      await showWaivers(show, [waiver], waiver)
      ended(exitCodes.ok)
    })

  subcommand('list', 'show waivers, those that have ended too')
    .option('--stream <name>', 'those of this stream')
    .option('--state <state>', 'active, expired or withdrawn')
    .action(async (options: ListOptions) => {
      const { waiverStates } = await import('@basedrift/contract/client')
      const state = waiverStates.find((known) => known === options.state)
      if (options.state !== undefined && state === undefined)
        throw new CliError(
          'usage',
          `There is no state "${options.state}"; there are ${waiverStates.join(', ')}.`,
          '--state',
        )
      const { client, show } = await openShow(options)
      const items = await wholeList((page) => client.listWaivers({ stream: options.stream, state, ...page }))
      await showWaivers(show, items, { items, next: null })
      ended(exitCodes.ok)
    })

  subcommand('withdraw', 'end a waiver now; it stays recorded')
    .argument('<waiver>', 'its id')
    .action(async (id: string, options: ShowOptions) => {
      const { client, show } = await openShow(options)
      const waiver = await client.withdrawWaiver(id)
      await showWaivers(show, [waiver], waiver)
      ended(exitCodes.ok)
    })
}

async function showWaivers(show: Show['show'], waivers: readonly Waiver[], whole: unknown): Promise<void> {
  const { waiversTable } = await import('../format/waivers-table.js')
  await show(whole, (to) => waiversTable(waivers, to))
}

async function waivable(texts: readonly string[]): Promise<WaivableVerdict[]> {
  const { waivableVerdicts } = await import('@basedrift/contract/client')
  return [...new Set(texts)].map((text) => {
    const verdict = waivableVerdicts.find((known) => known === text)
    if (verdict !== undefined) return verdict
    throw new CliError(
      'usage',
      `The verdict "${text}" cannot be waived; those that can are ${waivableVerdicts.join(', ')}.`,
      '--verdict',
    )
  })
}

/** When a waiver ends, from a time span or a time; the service says whether it may. */
function expiryOf(text: string, now: number): string {
  if (/^\d+[smhd]$/.test(text))
    return new Date(now + duration('--expires', longestSeconds)(text) * 1000).toISOString()
  const time = Date.parse(text)
  if (!Number.isNaN(time) && /^\d{4}-\d\d-\d\d/.test(text)) return new Date(time).toISOString()
  throw new CliError('usage', `"${text}" is no end: give ${endExamples}.`, '--expires')
}
