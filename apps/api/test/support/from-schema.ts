import fc from 'fast-check'
import type { Document, Schema } from '../../../../scripts/lib/openapi.mjs'
import { resolved } from '../../../../scripts/lib/openapi.mjs'

/** Text that someone might send: what almost fits, and anything else. */
export const nasty = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    'a/b',
    '1-1',
    'a.rpm',
    '00000000-0000-0000-0000-000000000000',
    '0'.repeat(64),
    '<script>alert(1)</script>',
    "'; DROP TABLE x; --",
    '../../etc/passwd',
    '%00',
    '\u0000',
    '-1',
    '1e999',
    '99999999999999999999',
    'x'.repeat(300),
  ),
)

/** Most characters of a text that no pattern bounds. */
const mostChars = 40

const dates = fc
  .date({ min: new Date(0), max: new Date('2999-01-01T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString())

/** Texts that fit; what a pattern makes is cut to a longest length where the pattern has none itself. */
function textOf({
  pattern,
  format,
  minLength = 0,
  maxLength = Number.POSITIVE_INFINITY,
}: Schema): fc.Arbitrary<string> {
  if (format === 'date-time') return dates
  if (pattern === undefined)
    return fc.string({ minLength, maxLength: Math.max(minLength, Math.min(maxLength, mostChars)) })
  const regex = new RegExp(pattern, 'u')
  const fits = (text: string) => text.length >= minLength && text.length <= maxLength && regex.test(text)
  // fast-check knows no classes of characters by property: of such patterns it makes plain text, which those of ours take.
  return (
    pattern.includes('\\p{')
      ? fc.string({ minLength: Math.max(1, minLength), maxLength: mostChars })
      : fc.stringMatching(regex)
  ).filter(fits)
}

/** Values that fit a schema of the document. Below `depth` levels only what is required is there. */
export function fitting(document: Document, schema: Schema, depth = 6): fc.Arbitrary<unknown> {
  const of = resolved(document, schema)
  if (of.const !== undefined) return fc.constant(of.const)
  if (of.enum !== undefined) return fc.constantFrom(...of.enum)
  if (of.anyOf !== undefined) return fc.oneof(...of.anyOf.map((one) => fitting(document, one, depth)))
  if (Array.isArray(of.type))
    return fc.oneof(...of.type.map((type) => fitting(document, { ...of, type }, depth)))
  switch (of.type) {
    case 'null':
      return fc.constant(null)
    case 'boolean':
      return fc.boolean()
    case 'integer':
      return fc.integer({ min: of.minimum ?? -(2 ** 31), max: of.maximum ?? 2 ** 31 })
    case 'number':
      return fc.double({ min: of.minimum ?? -1e9, max: of.maximum ?? 1e9, noNaN: true })
    case 'string':
      return textOf(of)
    case 'array': {
      const maxLength = Math.min(of.maxItems ?? 3, Math.max(3, of.minItems ?? 0))
      return fc.array(fitting(document, of.items ?? {}, depth - 1), {
        minLength: of.minItems ?? 0,
        maxLength,
      })
    }
    case 'object': {
      const required = of.required ?? []
      const properties = Object.entries(of.properties ?? {}).filter(
        ([name]) => depth > 0 || required.includes(name),
      )
      const model = Object.fromEntries(
        properties.map(([name, property]) => [name, fitting(document, property, depth - 1)]),
      )
      return fc.record(model, {
        requiredKeys: required.filter((name) => name in model),
        noNullPrototype: true,
      })
    }
    default:
      return fc.jsonValue({ maxDepth: 2 })
  }
}

/** Values that may not fit: fitting ones with one part exchanged, taken away or added, and anything else that is JSON. */
export function unfitting(document: Document, schema: Schema): fc.Arbitrary<unknown> {
  const other = fc.oneof(nasty, fc.jsonValue({ maxDepth: 3 }))
  const changed = fc
    .tuple(fitting(document, schema), fc.nat(), fc.constantFrom('exchange', 'remove', 'add'), other, nasty)
    .map(([value, nth, how, part, name]) => changedAt(value, nth, how, part, name))
  return fc.oneof({ weight: 4, arbitrary: changed }, { weight: 1, arbitrary: other })
}

function changedAt(value: unknown, nth: number, how: string, part: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return part
  const copy = structuredClone(value) as Record<string, unknown>
  const places: { of: Record<string, unknown>; key: string }[] = []
  const open = [copy]
  for (let of = open.pop(); of !== undefined; of = open.pop())
    for (const [key, item] of Object.entries(of)) {
      places.push({ of, key })
      if (typeof item === 'object' && item !== null) open.push(item as Record<string, unknown>)
    }
  const place = places[nth % Math.max(1, places.length)]
  if (how === 'add' || place === undefined) copy[name] = part
  else if (how === 'remove') delete place.of[place.key]
  else place.of[place.key] = part
  return copy
}
