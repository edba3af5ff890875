import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { addAudit } from './commands/audit.js'
import { addBuild } from './commands/build.js'
import { addBuilds } from './commands/builds.js'
import { addChannel } from './commands/channel.js'
import { addCheck } from './commands/check.js'
import { addDecision } from './commands/decision.js'
import { addDeliveries } from './commands/deliveries.js'
import { addDiff } from './commands/diff.js'
import { addDistill } from './commands/distill.js'
import { addDrifts } from './commands/drifts.js'
import { addDump } from './commands/dump.js'
import { addGate } from './commands/gate.js'
import { addInspect } from './commands/inspect.js'
import { addLive } from './commands/live.js'
import { addMatrix } from './commands/matrix.js'
import { addPair } from './commands/pair.js'
import { addPolicy } from './commands/policy.js'
import { addPush } from './commands/push.js'
import { addRebase } from './commands/rebase.js'
import { addServe } from './commands/serve.js'
import { addStamp } from './commands/stamp.js'
import { addStreams } from './commands/streams.js'
import { addToken } from './commands/token.js'
import { addVerify } from './commands/verify.js'
import { addWaive } from './commands/waive.js'
import { errorLine } from './errors.js'
import { exitCodes } from './exit.js'
import { note } from './output/destination.js'
import { wrapped } from './output/printable.js'
import { usageLine } from './usage.js'

function ownVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/**
 * The command line, without doing anything yet. Commands are light until they run: each imports what it needs in its action.
 * `ended` receives the exit code of the command that ran.
 */
function buildProgram(ended: (code: number) => void): Command {
  const program = new Command('basedrift')
    .description('Which kernel-module builds are BTF-compatible with which kernel builds, and why not.')
    .version(ownVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .showHelpAfterError(false)
    // Descriptions are wrapped beside the longest command too, on a terminal of 80 columns.
    .configureHelp({ minWidthToWrap: 24 })
    // `push --version` is its own.
    .enablePositionalOptions()
    .exitOverride()
  for (const add of [
    addCheck,
    addInspect,
    addDiff,
    addDump,
    addStamp,
    addDistill,
    addRebase,
    addServe,
    addPush,
    addStreams,
    addBuilds,
    addBuild,
    addMatrix,
    addPair,
    addDrifts,
    addToken,
    addLive,
    addGate,
    addDecision,
    addWaive,
    addPolicy,
    addChannel,
    addDeliveries,
    addVerify,
    addAudit,
  ]) {
    add(program, ended)
  }
  sayUsage(program)
  return program
}

/** Columns of a help where no terminal says how many there are. */
const helpWidth = 80

/** A help whose last sentences, which are wrapped by nobody else, fit the terminal too. */
function fitted(help: string): string {
  const width = process.stdout.isTTY === true ? process.stdout.columns : helpWidth
  return help
    .split('\n')
    .flatMap((line) => (line.length > width ? wrapped(line, width) : [line]))
    .join('\n')
}

/** Has a command and those below it say what is wrong with a command line, and which help shows how it should be. */
function sayUsage(command: Command): void {
  command.configureOutput({
    writeOut: (text) => process.stdout.write(fitted(text)),
    outputError: (text, write) => write(`${usageLine(text, command)}\n`),
  })
  command.commands.forEach(sayUsage)
}

/**
 * Runs the command that `args` (without node and script) name, and gives its exit code. Bad usage and failures are said on
 * standard error in one line, with the stack only if BASEDRIFT_DEBUG is set.
 */
export async function run(args: readonly string[]): Promise<number> {
  // A reader of the notes that went away is no reason to stop.
  process.stderr.on('error', () => undefined)
  let code: number = exitCodes.ok
  const program = buildProgram((ended) => {
    code = ended
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    // Commander has said what it had to say; help that was asked for ends with 0, help instead of a command does not.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.error
    note(errorLine(error))
    if (process.env.BASEDRIFT_DEBUG && error instanceof Error) note(error.stack ?? '')
    return exitCodes.error
  }
}
