import fc from 'fast-check'
import type { Document, Parameter, Placed } from '../../../../scripts/lib/openapi.mjs'
import { fitting, nasty, unfitting } from './from-schema.js'
import { type Scene, strangers } from './scenes.js'

/** One request, ready to be sent. */
export interface Request {
  method: string
  path: string
  headers: Record<string, string>
  body: string | undefined
}

/**
 * Values that mean something to the service, by the name of a parameter; those of an `{id}` by the part of the path before it:
 * `builds/{id}`.
 */
export type Fixtures = Record<string, readonly (string | number | boolean)[]>

type Sent = string | number | boolean | (string | number | boolean)[] | undefined

/** What is known for a parameter of that path. */
export function fixtureOf(fixtures: Fixtures, path: string, name: string): Fixtures[string] | undefined {
  const before = path.split('/').at(path.split('/').indexOf(`{${name}}`) - 1)
  return fixtures[`${before}/{${name}}`] ?? fixtures[name]
}

function goodValue(document: Document, fixtures: Fixtures, path: string, parameter: Parameter) {
  const known = fixtureOf(fixtures, path, parameter.name)
  const any = fitting(document, parameter.schema) as fc.Arbitrary<Sent>
  // What the service would wait for, it would wait for here too.
  const value =
    known !== undefined && parameter.name === 'wait'
      ? fc.constantFrom(...known)
      : known === undefined
        ? any
        : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: any })
  // A cursor that nobody gave is refused: right, but then nothing else is seen.
  const left = parameter.name === 'cursor' ? 1 : 2
  return parameter.required === true
    ? value
    : fc.oneof(
        { weight: 3 - left, arbitrary: value as fc.Arbitrary<Sent> },
        { weight: left, arbitrary: fc.constant(undefined) },
      )
}

/** Half surrogates cannot be sent in an address. */
const wellFormed = (text: string) => text.replace(/\p{Surrogate}/gu, '?')

/** Puts values into their places. What a header cannot hold is left out. */
function placed(
  { method, path, operation }: Placed,
  values: Record<string, Sent>,
  body: string | undefined,
): Request {
  let address = path
  const query = new URLSearchParams()
  const headers: Record<string, string> = {}
  for (const { name, in: where } of operation.parameters ?? []) {
    for (const item of [values[name] ?? []].flat()) {
      const text = wellFormed(String(item))
      if (where === 'path') address = address.replace(`{${name}}`, () => encodeURIComponent(text) || 'x')
      else if (where === 'query') query.append(name, text)
      else if (/^[\x21-\x7e]+$/.test(text)) headers[name] = text
    }
  }
  const media = Object.keys(operation.requestBody?.content ?? {})[0]
  if (media !== undefined) headers['content-type'] = media
  return { method, path: query.size > 0 ? `${address}?${query}` : address, headers, body }
}

/** A request about things that are there, with what is required alone. */
export function knownRequest(fixtures: Fixtures, of: Placed, { values, headers, body }: Scene = {}): Request {
  const required = (of.operation.parameters ?? []).filter((one) => one.required)
  const known = required.map(({ name }) => [name, fixtureOf(fixtures, of.path, name)?.[0]])
  const sent = body === undefined || Buffer.isBuffer(body) ? body?.toString() : JSON.stringify(body)
  const request = placed(of, { ...Object.fromEntries(known), ...values }, sent)
  return { ...request, headers: { ...request.headers, ...headers } }
}

/** As `knownRequest`, but about things that are not there, or, where there is nothing to name, under another name of the service, or unreadable. */
export function strangeRequest(fixtures: Fixtures, of: Placed, scene: Scene = {}): Request {
  const parameters = of.operation.parameters ?? []
  const strange = parameters.filter(
    ({ name, required }) => name in strangers && (required || name === 'cursor'),
  )
  const named = scene.makes === true ? [] : strange
  const values = Object.fromEntries(named.map(({ name }) => [name, strangers[name] ?? '']))
  const request = knownRequest(fixtures, of, { ...scene, values: { ...scene.values, ...values } })
  if (named.length > 0) return request
  if (request.body !== undefined) return { ...request, body: '{' }
  return { ...request, headers: { ...request.headers, host: 'evil.example' } }
}

const bytes = fc.string({ maxLength: 200 })

/** Requests that fit the document, about things that are there where the fixtures know them. */
export function goodRequests(document: Document, fixtures: Fixtures, of: Placed): fc.Arbitrary<Request> {
  const { parameters = [], requestBody } = of.operation
  const values = fc.record(
    Object.fromEntries(parameters.map((one) => [one.name, goodValue(document, fixtures, of.path, one)])),
  )
  const json = requestBody?.content['application/json']
  const body =
    requestBody === undefined
      ? fc.constant(undefined)
      : json === undefined
        ? bytes
        : fitting(document, json.schema).map((value) => JSON.stringify(value))
  return fc.tuple(values, body).map(([given, sent]) => placed(of, given, sent))
}

/** Requests that may fit in no way: any part of them may be anything. */
export function badRequests(document: Document, fixtures: Fixtures, of: Placed): fc.Arbitrary<Request> {
  const { parameters = [], requestBody } = of.operation
  const values = fc.record(
    Object.fromEntries(
      parameters.map((one) => [
        one.name,
        fc.oneof(nasty, goodValue(document, fixtures, of.path, one)) as fc.Arbitrary<Sent>,
      ]),
    ),
  )
  const json = requestBody?.content['application/json']
  const body =
    requestBody === undefined
      ? fc.constant(undefined)
      : json === undefined
        ? fc.option(bytes, { nil: undefined })
        : fc.oneof(
            unfitting(document, json.schema).map((value) => JSON.stringify(value)),
            nasty,
            fc.constant(undefined),
          )
  return fc.tuple(values, body).map(([given, sent]) => placed(of, given, sent))
}
