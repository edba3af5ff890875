import type { KeyObject } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { Statement } from '@basedrift/contract'
import { CliError } from '../errors.js'
import { localFiles, sha256Of } from './files.js'

/** An attestation whose signature holds. */
export interface Attestation {
  readonly keyid: string
  readonly statement: Statement
}

/** What became of a local file: whether the attestation is about its content. */
export interface CheckedFile {
  readonly file: string
  readonly sha256: string
  /** `differs`: it is about a file of this name with other content; `unnamed`: about no such file. */
  readonly state: 'attested' | 'differs' | 'unnamed'
}

/** Most bytes of an attestation. */
const mostBytes = 16 * 2 ** 20

async function readBounded(file: string): Promise<Buffer> {
  const { size } = await stat(file)
  if (size > mostBytes)
    throw new CliError('attestation-malformed', 'It is too large for an attestation.', file)
  return readFile(file)
}

/**
 * Reads an attestation that one of the keys has signed.
 * @throws RuntimeError `envelope-malformed`, `signature-invalid`
 * @throws CliError `attestation-malformed` where what was signed is no test result of artifacts
 */
export async function readAttestation(file: string, keys: readonly KeyObject[]): Promise<Attestation> {
  const { openEnvelope } = await import('@basedrift/runtime')
  const { Statement: schema, statementType, testResults } = await import('@basedrift/contract')
  const { payloadType, payload, keyid } = openEnvelope(await readBounded(file), keys)
  const statement = payloadType === statementType ? parse(payload) : undefined
  const { subject, predicateType, predicate: told, _type } = (statement ?? {}) as Partial<Statement>
  const { _type: version, predicateType: predicate } = schema.properties
  const isResult = told !== undefined && testResults.includes(told.result)
  if (_type !== version.const || predicateType !== predicate.const || !Array.isArray(subject) || !isResult)
    throw new CliError('attestation-malformed', 'What was signed is no statement of a test result.', file)
  return { keyid, statement: statement as Statement }
}

function parse(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString())
  } catch {
    return undefined
  }
}

/** Compares local files with the subjects of a statement, by their content; a name may have changed. */
export async function checkFiles(statement: Statement, paths: readonly string[]): Promise<CheckedFile[]> {
  const digests = new Set(statement.subject.map(({ digest }) => digest.sha256))
  const names = new Set(statement.subject.map(({ name }) => name))
  const checked: CheckedFile[] = []
  for (const local of await localFiles(paths)) {
    const sha256 = await sha256Of(local, () => undefined)
    const known = names.has(local.filename) ? 'differs' : 'unnamed'
    checked.push({ file: local.path, sha256, state: digests.has(sha256) ? 'attested' : known })
  }
  return checked
}
