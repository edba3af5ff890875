import fc from 'fast-check'
import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import {
  Declaration,
  errorCodes,
  Filename,
  httpSchemas,
  isErrorCode,
  isFinal,
  joinVersionRelease,
  Provenance,
  ref,
  StreamName,
  splitVersionRelease,
  TaskJob,
  Version,
  VersionRelease,
} from '../src/index.js'

/** Every `$ref` in a schema, at any depth. */
function refsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : refsOf(inner),
  )
}

describe('schemas', () => {
  it('refer only to schemas that are there', () => {
    const ids = new Set(httpSchemas.map((schema) => schema.$id))
    expect(ids.size).toBe(httpSchemas.length)
    for (const schema of httpSchemas) {
      for (const target of refsOf(schema)) expect(ids).toContain(target.replace(/#$/, ''))
    }
  })

  it('have a name before they can be referred to', () => {
    expect(() => ref(StreamName)).toThrow(TypeError)
    expect(ref(Provenance)).toMatchObject({ $ref: 'Provenance#' })
  })

  it('take a task job and nothing beside it', () => {
    expect(Value.Check(TaskJob, { taskId: 'ingest:1' })).toBe(true)
    expect(Value.Check(TaskJob, { taskId: 'ingest:1', token: 'x' })).toBe(false)
    expect(Value.Check(TaskJob, { taskId: '' })).toBe(false)
  })

  it('take provenance that a database can hold', () => {
    const obs = { project: 'openSUSE:Factory', srcmd5: 'f'.repeat(32), bcnt: 3, reason: 'source change' }
    expect(Value.Check(Provenance, { obs, koji: { buildId: 1 }, labels: { 'ci.run': '7' } })).toBe(true)
    expect(Value.Check(Provenance, { obs: { project: 'a\u0000b' } })).toBe(false)
    expect(Value.Check(Provenance, { obs: { project: '\ud800' } })).toBe(false)
    expect(Value.Check(Provenance, { obs: { unknown: 'x' } })).toBe(false)
    expect(Value.Check(Provenance, { labels: { 'No Such Key': 'x' } })).toBe(false)
    expect(Value.Check(Provenance, { url: 'x'.repeat(3000) })).toBe(false)
    expect(Value.Check(Provenance, { koji: { buildId: 1.5 } })).toBe(false)
    expect(Declaration).toHaveProperty('additionalProperties', false)
  })
})

describe('names', () => {
  it.each(['openSUSE:Factory/x86_64/default', 'debian/bookworm/amd64', 'f40-updates', 'a'])(
    'a stream %s',
    (name) => {
      expect(Value.Check(StreamName, name)).toBe(true)
    },
  )

  it.each([
    '',
    '/a',
    'a/',
    'a//b',
    '../a',
    'a/../b',
    'a b',
    '<b>',
    'a/b/c/d/e/f/g/h/i',
    'a'.repeat(201),
    'a\n',
  ])('no stream %j', (name) => {
    expect(Value.Check(StreamName, name)).toBe(false)
  })

  it.each(['', '.', '..', 'a/b', 'a\\b', '.hidden', 'a\u0000', 'x'.repeat(256), '<img src=x>'])(
    'no file %j',
    (name) => {
      expect(Value.Check(Filename, name)).toBe(false)
    },
  )

  it('split at the last dash', () => {
    expect(splitVersionRelease('5.15.12-1.3')).toEqual({ version: '5.15.12', release: '1.3' })
    expect(splitVersionRelease('1:6.1-rc1-2~bpo12+1')).toEqual({ version: '1:6.1-rc1', release: '2~bpo12+1' })
    for (const bad of ['', '5.15', '-1', '5.15-']) expect(() => splitVersionRelease(bad)).toThrow(RangeError)
  })

  it('are the same after joining and splitting', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._+~^:]{0,20}$/)
    const version = fc.array(word, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('-'))
    fc.assert(
      fc.property(version, word, (of, release) => {
        const joined = joinVersionRelease({ version: of, release })
        expect(Value.Check(VersionRelease, joined)).toBe(true)
        expect(splitVersionRelease(joined)).toEqual({ version: of, release })
        expect(Value.Check(Version, of)).toBe(true)
      }),
    )
  })
})

describe('words', () => {
  it('know which states are final', () => {
    expect(['done', 'failed'].map((state) => isFinal(state as 'done'))).toEqual([true, true])
    expect(isFinal('comparing')).toBe(false)
  })

  it('have error codes in kebab-case, with a status and a sentence', () => {
    for (const [code, { status, title, sentence }] of Object.entries(errorCodes)) {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/)
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(600)
      expect(title).not.toMatch(/\.$/)
      expect(sentence).toMatch(/\.$/)
    }
    expect(isErrorCode('build-sealed')).toBe(true)
    expect(isErrorCode('toString')).toBe(false)
  })
})
