import type { KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Statement, TestResult } from '@basedrift/contract'
import { type Command, Option } from 'commander'
import type { Attestation, CheckedFile } from '../client/attestation.js'
import { addServerOptions, openClient, type ServerOptions } from '../client/server.js'
import { CliError } from '../errors.js'
import { exitCodes } from '../exit.js'
import { note } from '../output/destination.js'
import { parseFormats, repeated } from '../output/formats.js'
import { printable } from '../output/printable.js'

interface VerifyOptions extends ServerOptions {
  readonly key?: string
  readonly stream?: string
  readonly anyStream?: boolean
  readonly accept?: Exclude<TestResult, 'PASSED'>
  readonly format?: string[]
}

/** `basedrift verify`: whether an attestation is signed, about these files, and what its tests came to. */
export function addVerify(program: Command, ended: (code: number) => void): void {
  const command = program
    .command('verify')
    .description(
      'check the signature of an attestation, that local files are those it is about, and its result',
    )
    .argument('<attestation>', 'file with what GET /v1/builds/ID/attestation has given')
    .argument('[files...]', 'artifacts to be compared with it')
    .option('--key <file>', 'public key of the operator as PEM; without it, the server is asked for its key')
    .option('--stream <name>', 'the stream that it is to be of')
    .option('--any-stream', 'in its place: any stream will do, with whatever is live there')
    .addOption(
      new Option('--accept <result>', 'exit 0 where the result is no worse than this')
        .choices(['warned', 'failed'])
        .argParser((text) => text.toUpperCase()),
    )
    .option('--format <format>', 'table or json, with =FILE to write to a file; repeatable', repeated)
    .addHelpText(
      'after',
      '\nIt exits 0 where the signature holds, every file is attested and the result is PASSED; 1 where a file is not, it is of another ' +
        'stream, or the result is FAILED; 2 where the signature does not hold; 3 where the result is WARNED.',
    )
  addServerOptions(command).action(async (file: string, files: string[], options: VerifyOptions) => {
    const choices = parseFormats(options.format ?? [], ['table', 'json'])
    mustNameStream(options)
    const { checkFiles, readAttestation } = await import('../client/attestation.js')
    const attestation = await readAttestation(file, await keysOf(options))
    const checked = await checkFiles(attestation.statement, files)
    const { json, writeResult } = await import('../output/write.js')
    await writeResult(choices, (format) =>
      format === 'json' ? json({ ...attestation, files: checked }) : told(attestation, checked),
    )
    const { result } = attestation.statement.predicate
    const isOf = isOfStream(attestation.statement, options.stream)
    if (!isOf) note(printable(`The attestation is not of the stream ${options.stream}.`))
    const holds = isOf && checked.every(({ state }) => state === 'attested')
    ended(holds ? codeOf(result, options.accept) : exitCodes.bad)
  })
}

/** Whoever has a stream of their own gets a package attested there that fails where it is to be used. @throws CliError `usage` */
function mustNameStream({ stream, anyStream = false }: VerifyOptions): void {
  if ((stream !== undefined) !== anyStream) return
  const problem = anyStream
    ? 'Give --stream or --any-stream, not both.'
    : 'Say with --stream STREAM which stream the attestation is to be of: in another, other builds are live, or none, and ' +
      'whoever may push there gets the same package attested. With --any-stream, one of any stream will do.'
  throw new CliError('usage', problem, '--stream')
}

/** Whether all that a statement is about is of a stream; what is about nothing is of none. */
function isOfStream({ subject }: Statement, stream: string | undefined): boolean {
  return (
    stream === undefined ||
    (subject.length > 0 && subject.every(({ annotations }) => annotations.stream === stream))
  )
}

async function keysOf(options: VerifyOptions): Promise<KeyObject[]> {
  const { readPublicKey } = await import('@basedrift/runtime')
  if (options.key !== undefined) return [readPublicKey(await readFile(options.key))]
  const client = await openClient(options)
  const { keys } = await client.call('listKeys', {})
  return keys.map(({ publicKey }) => readPublicKey(publicKey))
}

/** From the best on. */
const results: readonly TestResult[] = ['PASSED', 'WARNED', 'FAILED']

function codeOf(result: TestResult, accepted: TestResult = 'PASSED'): number {
  if (results.indexOf(result) <= results.indexOf(accepted)) return exitCodes.ok
  return result === 'WARNED' ? exitCodes.unknown : exitCodes.bad
}

const words: Readonly<Record<CheckedFile['state'], string>> = {
  attested: 'is attested',
  differs: 'DIFFERS from the file of this name that is attested',
  unnamed: 'is NOT among the files that are attested',
}

/** What was found, for people. */
function told({ keyid, statement }: Attestation, checked: readonly CheckedFile[]): string {
  const { result, passedTests, warnedTests, failedTests } = statement.predicate
  const { stream, version, release } = statement.subject[0]?.annotations ?? {}
  const tests = [
    ...failedTests.map((name) => `  failed  ${name}`),
    ...warnedTests.map((name) => `  open    ${name}`),
    ...passedTests.map((name) => `  passed  ${name}`),
  ]
  const lines = [
    `Signed by ${keyid}`,
    stream === undefined ? `No package was read: ${result}` : `${stream} ${version}-${release}: ${result}`,
    ...tests,
    ...checked.map(({ file, state }) => `${file} ${words[state]}`),
  ]
  return `${lines.map(printable).join('\n')}\n`
}
