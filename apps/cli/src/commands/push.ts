import type { Artifact, Build, BuildName, Client } from '@basedrift/contract'
import type { Command } from 'commander'
import { addServerOptions, openClient, type ServerOptions } from '../client/server.js'
import { CliError } from '../errors.js'
import { exitCodes } from '../exit.js'
import { note } from '../output/destination.js'
import { parseFormats, repeated } from '../output/formats.js'
import { clippedPath, printable } from '../output/printable.js'
import { openProgress, shownPath } from '../output/progress.js'
import { bytes, count } from '../output/words.js'

interface PushOptions extends ServerOptions {
  readonly stream: string
  readonly version: string
  readonly release: string
  readonly builtFor?: string
  readonly provenance?: string[]
  readonly wait?: boolean
  readonly seal: boolean
  readonly format?: string[]
}

/** How often a server that sends no events is asked how far the build is, in milliseconds. */
const askEveryMs = 100

/** `basedrift push`: declares a build, uploads its files, seals it, and waits for its verdicts if asked to. */
export function addPush(program: Command, ended: (code: number) => void): void {
  const command = program
    .command('push')
    .description('upload a build: its packages, or bare kernels and modules; safe to repeat')
    .argument('<files...>', 'packages, kernels, modules')
    .requiredOption('--stream <name>', 'the stream, such as openSUSE:Factory/x86_64/default')
    .requiredOption('--version <version>', 'version of the build')
    .requiredOption('--release <release>', 'release of the build')
    .option('--built-for <version-release>', 'the kernel build that modules without a kernel were built for')
    .option(
      '--provenance <key=value>',
      'where it comes from (obs.project, koji.taskId, url, …); repeatable',
      repeated,
    )
    .option(
      '--wait',
      'wait for the verdicts (the token then needs the scope read too); exit 2 if anything of the build could not be read',
    )
    .option('--no-seal', 'leave the build open for more files')
    .option('--format <format>', 'table or json, with =FILE to write to a file; repeatable', repeated)
  addServerOptions(command).action(async (paths: string[], options: PushOptions) => {
    const choices = parseFormats(options.format ?? [], ['table', 'json'])
    if (options.wait && !options.seal) {
      throw new CliError(
        'usage',
        'A build that is not sealed gets no verdicts: give --wait or --no-seal, not both.',
      )
    }
    const client = await openClient(options)
    const name: BuildName = { stream: options.stream, version: options.version, release: options.release }
    const { id } = await upload(client, name, paths, options)
    if (options.builtFor !== undefined) await sayIfUnknown(client, name.stream, options.builtFor)
    const sent = options.seal ? await client.sealBuild(name) : await client.getBuild(id)
    const { build, summary } = options.wait ? await waited(client, sent) : { build: sent, summary: [] }
    const { buildTable } = await import('../format/builds-table.js')
    const { sentence, tableOptionsFor } = await import('../format/table-options.js')
    const { json, writeResult } = await import('../output/write.js')
    await writeResult(choices, (format, to) => {
      if (format === 'json') return json(build)
      const options = tableOptionsFor(to)
      const lines = summary.flatMap((line) => sentence(line, options))
      return `${buildTable(build, options)}${lines.map((line) => `${line}\n`).join('')}`
    })
    if (options.wait && build.state === 'failed') {
      const why = build.failure === null ? '' : `: ${build.failure.code}: ${build.failure.message}`
      throw new CliError(
        'build-failed',
        `The build could not be used${why}`,
        `${name.version}-${name.release}`,
      )
    }
    const unread = options.wait ? build.artifacts.filter(({ state }) => state === 'failed') : []
    if (unread.length > 0) throw new CliError('artifact-failed', unreadSentence(unread))
    ended(exitCodes.ok)
  })
}

async function upload(
  client: Client,
  name: BuildName,
  paths: readonly string[],
  options: PushOptions,
): Promise<Build> {
  const { localFiles, openFile, sha256Of } = await import('../client/files.js')
  const { parseProvenance } = await import('../client/provenance.js')
  const provenance = parseProvenance(options.provenance ?? [])
  const files = await localFiles(paths)
  const builtFor = options.builtFor === undefined ? {} : { builtFor: options.builtFor }
  const { build } = await client.declareBuild(name, { provenance, ...builtFor })
  const progress = await openProgress(bytes)
  try {
    for (const file of files) {
      const shown = printable(file.filename)
      const sha256 = await sha256Of(file, (read) =>
        progress.update(`Reading ${clippedPath(file.filename, shownPath)}`, read, file.size),
      )
      const { outcome, skipped } = await client.putArtifact(name, file.filename, {
        sha256,
        size: file.size,
        open: () => openFile(file),
        onProgress: (sent) =>
          progress.update(`Sending ${clippedPath(file.filename, shownPath)}`, sent, file.size),
      })
      progress.stop()
      if (outcome === 'same') note(`${shown}: already part of the build`)
      else
        note(
          `${shown}: ${skipped ? 'known to the server already, not sent again' : `${bytes(file.size)} sent`}`,
        )
    }
  } finally {
    progress.stop()
  }
  return build
}

/** Artifacts that a sentence names. */
const namedArtifacts = 5

function unreadSentence(unread: readonly Artifact[]): string {
  const named = unread
    .slice(0, namedArtifacts)
    .map(({ filename, problems }) => `${filename} (${problems[0]?.code ?? 'not known why'})`)
  const more = unread.length > named.length ? ` and ${unread.length - named.length} more` : ''
  return `What was sent could not all be read: ${named.join(', ')}${more}. Look at the files, and push sound ones under a new release: the verdicts are of what was read alone.`
}

/** Says that the kernel build that modules name is not recorded yet. A token that may not read is told nothing. */
async function sayIfUnknown(client: Client, stream: string, builtFor: string): Promise<void> {
  const { ApiError, splitVersionRelease } = await import('@basedrift/contract/client')
  try {
    await client.findBuild({ stream, ...splitVersionRelease(builtFor) })
  } catch (error) {
    if (!(error instanceof ApiError) || (error.code !== 'build-unknown' && error.code !== 'token-forbidden'))
      throw error
    if (error.code === 'build-unknown')
      note(
        printable(
          `Note: ${stream} has no build ${builtFor} yet: the modules are not compared with the kernel that they were built for until it is there.`,
        ),
      )
  }
}

/** The build once it is done, and a line for each pair that it is in. What goes wrong meanwhile does not undo what was sent. */
async function waited(client: Client, sent: Build): Promise<{ build: Build; summary: string[] }> {
  try {
    const build = await waitFor(client, sent)
    return { build, summary: build.state === 'done' ? await summaryOf(client, build) : [] }
  } catch (error) {
    const { version, release, id } = sent
    note(
      printable(
        `${version}-${release} was sent and sealed, and the service goes on with it (id ${id}). Only the waiting failed; the same command again sends nothing twice.`,
      ),
    )
    throw error
  }
}

async function waitFor(client: Client, { id, artifacts }: Build): Promise<Build> {
  const progress = await openProgress(count)
  try {
    return await client.waitForBuild(id, {
      everyMs: askEveryMs,
      onProgress: ({ state, progress: { pairs, done, failed } }) => {
        // How many artifacts were read nobody says; how many pairs there are is known once all were.
        const isRead = state === 'comparing' || state === 'done' || state === 'failed'
        if (isRead) progress.update('Comparing pairs of builds', done + failed, pairs)
        else progress.update('Reading artifacts', 0, artifacts.length)
      },
    })
  } finally {
    progress.stop()
  }
}

async function summaryOf(client: Client, build: Build): Promise<string[]> {
  const { wholeMatrix } = await import('../client/whole.js')
  const { buildVerdicts } = await import('../format/build-verdicts.js')
  return buildVerdicts(build, await wholeMatrix(client, build.stream))
}
