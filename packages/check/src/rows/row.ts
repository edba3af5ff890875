import {
  type Load,
  type ModuleResult,
  type Overall,
  overalls,
  type Subject,
  type Verdict,
  type VerdictReason,
} from '../pure/index.js'

/** The text of a row: the JSON of what the manifest and the column of verdicts do not tell. */
export function rowText({ basis, errno, log, reason, load, overall }: ModuleResult): string {
  return JSON.stringify([basis, errno, log, reason ?? null, load, overall])
}

/**
 * Reads the text of a row, and makes sure of its shape.
 * @throws SyntaxError or TypeError where it is no row
 */
export function readRowText(text: string, { name, file, sha256 }: Subject, verdict: Verdict): ModuleResult {
  const row: unknown = JSON.parse(text)
  if (!Array.isArray(row) || row.length !== 6) throw new TypeError('no row of 6 fields')
  const [basis, errno, log, reason, load, overall] = row as unknown[]
  if (typeof basis !== 'string' || typeof errno !== 'number' || !areStrings(log)) {
    throw new TypeError('no basis, errno and log')
  }
  if (reason !== null && !isReason(reason)) throw new TypeError('no reason')
  if (!isLoad(load) || !overalls.includes(overall as Overall)) throw new TypeError('no load and overall')
  return {
    name,
    file,
    sha256,
    verdict,
    basis,
    errno,
    log,
    ...(reason === null ? {} : { reason }),
    load,
    overall: overall as Overall,
  }
}

function areStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function isReason(value: unknown): value is VerdictReason {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const { code, typeId, ...texts } = value as Record<string, unknown>
  if (typeof code !== 'string' || !['number', 'undefined'].includes(typeof typeId)) return false
  return Object.entries(texts).every(
    ([key, text]) => ['path', 'expected', 'actual'].includes(key) && typeof text === 'string',
  )
}

function isLoad(value: unknown): value is Load {
  if (typeof value !== 'object' || value === null) return false
  const { vermagic, modversions } = value as Partial<Load>
  return (
    typeof vermagic === 'string' &&
    ['same', 'differs', 'unknown'].includes(vermagic) &&
    typeof modversions === 'object' &&
    modversions !== null &&
    ['match', 'mismatch', 'unknown'].includes(modversions.state) &&
    areStrings(modversions.mismatched)
  )
}
