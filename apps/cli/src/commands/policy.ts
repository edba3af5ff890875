import { readFile } from 'node:fs/promises'
import type { BlockableVerdict, Policy, PolicySettings } from '@basedrift/contract'
import type { Command } from 'commander'
import { addShowOptions, openShow, type Show, type ShowOptions } from '../client/show.js'
import { CliError, systemReason } from '../errors.js'
import { exitCodes } from '../exit.js'
import { wholeNumber } from '../output/numbers.js'

interface VersionOptions extends ShowOptions {
  readonly stream: string
  readonly version?: number
}

interface SetOptions extends VersionOptions {
  readonly rules?: string
  readonly blocking?: string
  readonly live?: string
  readonly kernels?: string
  readonly weakUpdates?: string
  readonly discardedLoads?: string
  readonly emptyEnvironment?: string
  readonly modulesWithoutBtf?: string
  readonly reset?: boolean
}

/** `basedrift policy`: what the gates of a stream go by. */
export function addPolicy(program: Command, ended: (code: number) => void): void {
  const policy = program.command('policy').description('what the gates of a stream go by')
  const subcommand = (name: string, description: string): Command =>
    addShowOptions(
      policy.command(name).description(description).requiredOption('--stream <name>', 'the stream'),
    )

  subcommand('show', 'show the policy, as it is or as it was')
    .option('--version <n>', 'a version that was before', wholeNumber('--version', 0, 2 ** 31 - 1))
    .action(async (options: VersionOptions) => {
      const { client, show } = await openShow(options)
      await showPolicy(show, await client.policy(options.stream, { version: options.version }))
      ended(exitCodes.ok)
    })

  subcommand(
    'set',
    'change what is named, and leave the rest as it is; every change is a version that is kept',
  )
    .option('--rules <file>', 'rules for modules, in the grammar of kabi/severities; an empty file for none')
    .option('--blocking <verdicts>', 'verdicts that block, with commas between them; empty for none')
    .option('--live <which>', 'which live kernels count: all, or the newest of each uname -r')
    .option('--kernels <which>', 'which of them modules meet: same-release or all')
    .option('--weak-updates <yes|no>', 'whether packages of modules alone reach kernels of other names')
    .option(
      '--discarded-loads <yes|no>',
      'whether a module that loads without its BTF counts as one that loads',
    )
    .option('--empty-environment <answer>', 'unknown or pass')
    .option(
      '--modules-without-btf <answer>',
      'unknown or pass: a kernel build whose config has BTF made for modules, and of which none has any',
    )
    .option('--reset', 'start from how it is without any policy')
    .action(async (options: SetOptions) => {
      const { client, show } = await openShow(options)
      const changes = await changesOf(options)
      if (Object.keys(changes).length === 0 && !options.reset)
        throw new CliError(
          'usage',
          'Name what is to be changed; `basedrift policy set --help` shows what there is.',
        )
      const before = await client.policy(options.stream)
      const settings = { ...(options.reset ? {} : settingsOf(before)), ...changes }
      // What somebody else changes meanwhile is not undone.
      const { policy: after } = await client.setPolicy(options.stream, settings, { seen: before.version })
      await showPolicy(show, after)
      ended(exitCodes.ok)
    })
}

function settingsOf({
  blocking,
  discardedLoads,
  rules,
  live,
  kernels,
  weakUpdates,
  emptyEnvironment,
  modulesWithoutBtf,
}: Policy): PolicySettings {
  return {
    blocking,
    discardedLoads,
    rules,
    live,
    kernels,
    weakUpdates,
    emptyEnvironment,
    modulesWithoutBtf,
  }
}

function oneOf<const W extends readonly string[]>(option: string, words: W, text: string): W[number] {
  const word = words.find((known) => known === text)
  if (word === undefined) throw new CliError('usage', `"${text}" is none of ${words.join(', ')}.`, option)
  return word
}

async function changesOf(options: SetOptions): Promise<PolicySettings> {
  const { blockableVerdicts } = await import('@basedrift/contract/client')
  const { rules, blocking, live, kernels, weakUpdates, discardedLoads } = options
  const { emptyEnvironment, modulesWithoutBtf } = options
  const yes = (option: string, text: string) => oneOf(option, ['yes', 'no'], text) === 'yes'
  const verdicts = (text: string): BlockableVerdict[] => [
    ...new Set(
      text
        .split(',')
        .filter((word) => word !== '')
        .map((word) => oneOf('--blocking', blockableVerdicts, word.trim())),
    ),
  ]
  return {
    ...(rules === undefined ? {} : { rules: await rulesOf(rules) }),
    ...(blocking === undefined ? {} : { blocking: verdicts(blocking) }),
    ...(live === undefined ? {} : { live: oneOf('--live', ['newest', 'all'], live) }),
    ...(kernels === undefined ? {} : { kernels: oneOf('--kernels', ['same-release', 'all'], kernels) }),
    ...(weakUpdates === undefined ? {} : { weakUpdates: yes('--weak-updates', weakUpdates) }),
    ...(discardedLoads === undefined ? {} : { discardedLoads: yes('--discarded-loads', discardedLoads) }),
    ...(emptyEnvironment === undefined
      ? {}
      : { emptyEnvironment: oneOf('--empty-environment', ['unknown', 'pass'], emptyEnvironment) }),
    ...(modulesWithoutBtf === undefined
      ? {}
      : { modulesWithoutBtf: oneOf('--modules-without-btf', ['unknown', 'pass'], modulesWithoutBtf) }),
  }
}

async function rulesOf(file: string): Promise<string> {
  const { gateLimits } = await import('@basedrift/contract')
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CliError(
      'file-unreadable',
      `The file with the rules cannot be read: ${systemReason(error)}.`,
      file,
    )
  })
  if (text.length > gateLimits.rulesChars)
    throw new CliError('usage', `Rules have at most ${gateLimits.rulesChars} characters.`, file)
  return text
}

async function showPolicy(show: Show['show'], policy: Policy): Promise<void> {
  const { policyTable } = await import('../format/policy-table.js')
  await show(policy, (to) => policyTable(policy, to))
}
