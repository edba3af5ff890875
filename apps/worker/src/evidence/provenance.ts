import { readFile } from 'node:fs/promises'
import type { Failure } from '@basedrift/ledger'
import { workerErrorCodes } from '../errors.js'

/** Statements of one file, and subjects of one statement, that are looked at. */
const mostStatements = 64
const mostSubjects = 4_096

interface Subject {
  name: string
  sha256: string
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

/** The statement in an envelope (DSSE), or the value itself. Its signature is its sender's business: keys are not known here. */
function statementIn(value: unknown): Record<string, unknown> {
  const { payload } = objectOf(value)
  if (typeof payload !== 'string') return objectOf(value)
  return objectOf(JSON.parse(Buffer.from(payload, 'base64').toString()))
}

function subjectsOf(statement: Record<string, unknown>): Subject[] {
  const { subject } = statement
  return (Array.isArray(subject) ? subject.slice(0, mostSubjects) : []).flatMap((one) => {
    const { name, digest } = objectOf(one)
    const { sha256 } = objectOf(digest)
    return typeof name === 'string' && typeof sha256 === 'string'
      ? [{ name, sha256: sha256.toLowerCase() }]
      : []
  })
}

/** The JSON values of a file: one document, or one a line. */
function valuesOf(text: string): unknown[] {
  try {
    return [JSON.parse(text)]
  } catch {
    const lines = text.split('\n').filter((line) => line.trim() !== '')
    return lines.slice(0, mostStatements).map((line) => JSON.parse(line) as unknown)
  }
}

/**
 * What is wrong with a provenance (in-toto statements, as SLSA has them, bare or in DSSE envelopes): that it is none, or that it names an
 * artifact of the build with other content than came.
 */
export async function provenanceProblems(
  path: string,
  filename: string,
  artifacts: readonly { filename: string; sha256: string }[],
): Promise<Failure[]> {
  let statements: Record<string, unknown>[]
  try {
    statements = valuesOf(await readFile(path, 'utf8')).map(statementIn)
  } catch {
    statements = []
  }
  if (
    statements.length === 0 ||
    !statements.every(({ _type }) => String(_type).startsWith('https://in-toto.io/Statement/'))
  )
    return [
      { code: 'provenance-malformed', file: filename, message: workerErrorCodes['provenance-malformed'] },
    ]
  const recorded = new Map(artifacts.map((artifact) => [artifact.filename, artifact.sha256]))
  const named = statements
    .flatMap(subjectsOf)
    .map(({ name, sha256 }) => ({ name: name.slice(name.lastIndexOf('/') + 1), sha256 }))
  const other = named.find(({ name, sha256 }) => (recorded.get(name) ?? sha256) !== sha256)
  if (other === undefined) return []
  const message = `It says that ${other.name} has the SHA-256 ${other.sha256.slice(0, 64)}. ${workerErrorCodes['provenance-contradicts']}`
  return [{ code: 'provenance-contradicts', file: filename, at: 'subject', message }]
}
