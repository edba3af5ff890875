import { deflateSync, inflateSync } from 'node:zlib'
import { FieldReader, FieldWriter, OutOfBytes } from '../bytes.js'
import { CheckError } from '../errors.js'
import { type ModuleResult, type Subject, type Verdict, verdicts } from '../pure/index.js'
import { readRowText, rowText, symbolNames } from './row.js'
import { countWords, putTogether, takeApart } from './templates.js'

/**
 * The rows of a comparison, one for each module in the order of the manifest, without what the manifest tells.
 *
 * A version byte (1), then a zlib stream. In it, numbers as LEB128: the number of rows; the templates (their number, then
 * length and UTF-8 of each); a byte a row for its verdict; a number a row for its template; the rows' own numbers in 16
 * columns, by their ordinal in the row (length of the column in bytes, then the numbers); the rows' own words (length in
 * bytes, then the words, each ended by a newline); the names of symbols, likewise, as a JSON array; for each row the numbers of its
 * names in that (length of the column in bytes, then the numbers).
 */
const version = 1
const columns = 16

/** Bounds of what a reader takes: bytes inflated, and characters of text that the templates make. */
const rowLimits = { inflatedBytes: 64 * 2 ** 20, characters: 2 ** 28 } as const

/** Packs the results of a comparison; they must be in the order of the manifest that they will be read with. */
export function encodeRows(results: readonly ModuleResult[]): Uint8Array {
  const texts = results.map(rowText)
  const counts = countWords(texts)
  const templates = new Map<string, number>()
  const numbers = Array.from({ length: columns }, () => new FieldWriter())
  const templateColumn = new FieldWriter()
  const words: string[] = []
  for (const [nth, text] of texts.entries()) {
    const taken = takeApart(text, results[nth]!.name, counts)
    let template = templates.get(taken.template)
    if (template === undefined) {
      template = templates.size
      templates.set(taken.template, template)
    }
    templateColumn.varint(template)
    for (const [ordinal, value] of taken.numbers.entries()) {
      numbers[Math.min(ordinal, columns - 1)]!.varint(value)
    }
    words.push(...taken.words)
  }
  const fields = new FieldWriter()
  fields.varint(results.length)
  fields.varint(templates.size)
  for (const template of templates.keys()) putText(fields, template)
  for (const { verdict } of results) fields.u8(verdicts.indexOf(verdict))
  fields.put(templateColumn.bytes())
  for (const column of numbers) {
    fields.varint(column.length)
    fields.put(column.bytes())
  }
  putText(fields, words.map((word) => `${word}\n`).join(''))
  putNames(fields, results)
  const packed = deflateSync(fields.bytes(), { level: 9 })
  const rows = new Uint8Array(1 + packed.length)
  rows[0] = version
  rows.set(packed, 1)
  return rows
}

/** Names that are close in the alphabet are often together, so they have numbers that are close. */
function putNames(fields: FieldWriter, results: readonly ModuleResult[]): void {
  const names = [...new Set(results.flatMap(symbolNames))].sort()
  const numbers = new Map(names.map((name, nth) => [name, nth]))
  const column = new FieldWriter()
  for (const result of results) for (const name of symbolNames(result)) column.varint(numbers.get(name)!)
  putText(fields, JSON.stringify(names))
  fields.varint(column.length)
  fields.put(column.bytes())
}

function takeNames(fields: FieldReader): () => string {
  const names: unknown = JSON.parse(takeText(fields))
  if (!Array.isArray(names)) throw new TypeError('no names of symbols')
  const column = new FieldReader(fields.take(fields.varint()))
  return () => {
    const name: unknown = names[column.varint()]
    if (typeof name !== 'string') throw new OutOfBytes()
    return name
  }
}

function putText(fields: FieldWriter, text: string): void {
  const bytes = new TextEncoder().encode(text)
  fields.varint(bytes.length)
  fields.put(bytes)
}

/**
 * Reads rows with the manifest that they were made with: `name`, `file` and `sha256` come from it.
 * @throws CheckError `rows-malformed`
 */
export function decodeRows(rows: Uint8Array, manifest: readonly Subject[]): ModuleResult[] {
  if (rows[0] !== version) throw malformed(`They have version ${rows[0] ?? 'none'}, not ${version}`)
  let inflated: Uint8Array
  try {
    inflated = inflateSync(rows.subarray(1), { maxOutputLength: rowLimits.inflatedBytes })
  } catch (error) {
    throw malformed(`They cannot be inflated (${error instanceof Error ? error.message : String(error)})`)
  }
  try {
    return readRows(new FieldReader(inflated), manifest)
  } catch (error) {
    if (error instanceof OutOfBytes) throw malformed('They end early')
    if (error instanceof RangeError || error instanceof SyntaxError || error instanceof TypeError) {
      throw malformed(`One cannot be read (${error.message})`)
    }
    throw error
  }
}

function readRows(fields: FieldReader, manifest: readonly Subject[]): ModuleResult[] {
  const count = fields.varint()
  if (count !== manifest.length) throw malformed(`There are ${count} for ${manifest.length} modules`)
  const templateCount = fields.varint()
  if (templateCount > count) throw malformed(`There are ${templateCount} templates`)
  const templates: string[] = []
  for (let nth = 0; nth < templateCount; nth++) templates.push(takeText(fields))
  const verdictColumn = fields.take(count)
  const rowTemplates: string[] = []
  for (let nth = 0; nth < count; nth++) rowTemplates.push(mustHave(templates[fields.varint()], 'template'))
  const numbers: FieldReader[] = []
  for (let nth = 0; nth < columns; nth++) numbers.push(new FieldReader(fields.take(fields.varint())))
  const words = takeText(fields).split('\n')
  const nextNumber = (ordinal: number): number => numbers[Math.min(ordinal, columns - 1)]!.varint()
  let nthWord = 0
  const nextWord = (): string => {
    if (nthWord >= words.length - 1) throw new OutOfBytes()
    return words[nthWord++]!
  }
  const nextName = takeNames(fields)
  let characters = 0
  return manifest.map((subject, nth) => {
    const verdict: Verdict = mustHave(verdicts[verdictColumn[nth]!], 'verdict')
    const text = putTogether(rowTemplates[nth]!, subject.name, nextNumber, nextWord)
    characters += text.length
    if (characters > rowLimits.characters) throw malformed('They are longer than any real ones')
    return readRowText(text, subject, verdict, nextName)
  })
}

function takeText(fields: FieldReader): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(fields.take(fields.varint()))
}

function mustHave<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw malformed(`One has no ${what}`)
  return value
}

function malformed(what: string): CheckError {
  return new CheckError('rows-malformed', what)
}
