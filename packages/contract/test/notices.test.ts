import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import {
  type DriftNotice,
  httpSchemas,
  isNotice,
  LinkPath,
  noticeExamples,
  noticeKinds,
  noticeLimits,
} from '../src/index.js'

describe('notices', () => {
  it('have an example of each kind that fits its schema', () => {
    expect(noticeExamples.map(({ kind }) => kind)).toEqual([...noticeKinds])
    for (const example of noticeExamples) expect(isNotice(example), example.kind).toBe(true)
  })

  it('are among the schemas of the interface', () => {
    const ids = httpSchemas.map(({ $id }) => $id)
    for (const id of ['Notice', 'DriftNotice', 'GateNotice', 'TestNotice']) expect(ids).toContain(id)
  })

  const drift = noticeExamples[0] as DriftNotice
  it.each([
    ['another kind', { ...drift, kind: 'gate' }],
    ['an unknown kind', { ...drift, kind: 'other' }],
    ['an unknown field', { ...drift, token: 'x' }],
    ['a field of a part', { ...drift, oldOnNew: { total: 1, counts: {}, url: 'x' } }],
    ['an unknown verdict', { ...drift, oldOnNew: { total: 1, counts: { fine: 1 } } }],
    ['a negative count', { ...drift, oldOnNew: { total: -1, counts: {} } }],
    ['a severity of its own', { ...drift, severity: 'fatal' }],
    ['no stream', { ...drift, stream: null }],
    ['a stream that is none', { ...drift, stream: '<!channel>' }],
    ['a link that leaves the service', { ...drift, link: '//elsewhere.example/' }],
    ['nothing', null],
  ])('refuse %s', (_what, value) => {
    expect(isNotice(value)).toBe(false)
  })

  it('are bounded', () => {
    const refused = noticeExamples.find(({ kind }) => kind === 'artifact-refused')
    const problem = { code: 'x', file: null, message: 'm' }
    const problems = Array.from({ length: noticeLimits.problems + 1 }, () => problem)
    expect(isNotice({ ...refused, problems: [problem] })).toBe(true)
    expect(isNotice({ ...refused, problems })).toBe(false)
    expect(isNotice({ ...refused, problems: [{ ...problem, message: 'm'.repeat(513) }] })).toBe(false)
    expect(isNotice({ ...refused, problems: [{ ...problem, message: 'a\nb' }] })).toBe(false)
  })

  it.each(['/', '/v1/drifts/1', '/v1/gate?build=1&environment=a%20b', '/streams/openSUSE:Factory%2Fx86_64'])(
    'a link %s',
    (link) => {
      expect(Value.Check(LinkPath, link)).toBe(true)
    },
  )

  it.each([
    '',
    'v1',
    '//x',
    'https://x',
    '/a b',
    '/a|b',
    '/a>b',
    '/a"b',
    '/a#b',
    '/\u0000',
    '/é',
    '/a\\b',
    '/[a](b',
  ])('no link %j', (link) => {
    expect(Value.Check(LinkPath, link)).toBe(false)
  })
})
