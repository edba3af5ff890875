import type { Build, Client } from '@basedrift/contract'
import type { Command } from 'commander'
import { addShowOptions, openShow, type ShowOptions } from '../client/show.js'
import { CliError } from '../errors.js'
import { exitCodes } from '../exit.js'
import { repeated } from '../output/formats.js'
import { isReason, reasonRange } from '../output/reason.js'

interface BuildOptions extends ShowOptions {
  readonly stream?: string
}

interface AcknowledgeOptions extends BuildOptions {
  readonly refusal?: string[]
  readonly all?: boolean
  readonly reason: string
}

/** `basedrift build`: one build, how far it has come, what of it could not be used, and what a person says of it. */
export function addBuild(program: Command, ended: (code: number) => void): void {
  const withOptions = (command: Command): Command =>
    addShowOptions(command.option('--stream <name>', 'the stream that version-release is of'))
  const run = async (
    name: string,
    options: BuildOptions,
    act: (client: Client, id: string) => Promise<Build>,
  ) => {
    const { client, show } = await openShow(options)
    const { buildIdOf } = await import('../client/builds.js')
    const build = await act(client, await buildIdOf(client, name, options.stream))
    const { buildTable } = await import('../format/builds-table.js')
    await show(build, (to) => buildTable(build, to))
    ended(exitCodes.ok)
  }
  const named = 'its id, or version-release together with --stream'

  const command = program
    .command('build')
    .description(
      'show one build; seal one that was left open; acknowledge content that was refused under its names; withdraw it',
    )
    .argument('<build>', named)
  withOptions(command).action((name: string, options: BuildOptions) =>
    run(name, options, (client, id) => client.getBuild(id)),
  )

  withOptions(
    command
      .command('acknowledge')
      .description(
        'say of content that was refused under names of a build that it holds nothing up; `basedrift build` lists it',
      )
      .argument('<build>', named)
      .option('--refusal <id>', 'a refusal that you looked at; repeatable', repeated)
      .option('--all', 'all that are listed')
      .requiredOption('--reason <text>', 'what you found out, for whoever reads it later'),
  ).action(async (name: string, options: AcknowledgeOptions) => {
    const { refusal, all = false, reason } = options
    if ((refusal === undefined) === !all)
      throw new CliError('usage', 'Name refusals with --refusal, or give --all.')
    if (!isReason(reason)) throw new CliError('usage', `Say why, ${reasonRange}.`, '--reason')
    await run(name, options, async (client, id) => {
      const refusals = refusal ?? openRefusals(await client.getBuild(id))
      if (refusals.length === 0) return client.getBuild(id)
      return client.acknowledgeRefusals(id, { refusals, reason })
    })
  })

  withOptions(
    command
      .command('seal')
      .description(
        'say that nothing more comes to a build that was left open: it is read and compared then; safe to repeat',
      )
      .argument('<build>', named),
  ).action((name: string, options: BuildOptions) =>
    run(name, options, async (client, id) => sealed(client, await client.getBuild(id))),
  )

  withOptions(
    command
      .command('withdraw')
      .description(
        'take out a build that was pushed by mistake: it takes part in nothing, and its name is free; for good',
      )
      .argument('<build>', named)
      .requiredOption('--reason <text>', 'why, for whoever reads it later'),
  ).action(async (name: string, options: BuildOptions & { reason: string }) => {
    const { reason } = options
    if (!isReason(reason)) throw new CliError('usage', `Say why, ${reasonRange}.`, '--reason')
    await run(name, options, (client, id) => client.withdrawBuild(id, { reason }))
  })
}

/**
 * Seals a build that was looked up. A build is sealed by its name, which may be that of another since this one was withdrawn.
 * @throws CliError `build-withdrawn`
 */
async function sealed(client: Client, { id, stream, version, release, withdrawal }: Build): Promise<Build> {
  const name = `${version}-${release}`
  const withdrawn = new CliError(
    'build-withdrawn',
    `The build was withdrawn, and takes part in nothing: push the right content as ${name} of ${stream}, which is another build with another id, and seal that.`,
    id,
  )
  if (withdrawal !== null) throw withdrawn
  const build = await client.sealBuild({ stream, version, release })
  if (build.id !== id) throw withdrawn
  return build
}

const openRefusals = ({ refusals }: Build): string[] =>
  refusals
    .filter(({ acknowledgement, heldBy }) => acknowledgement === null && heldBy === null)
    .map(({ id }) => id)
