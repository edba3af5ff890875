import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import {
  channelKinds,
  type DriftNotice,
  httpSchemas,
  isNotice,
  isTarget,
  joinTarget,
  LinkPath,
  noticeExamples,
  noticeKinds,
  noticeLimits,
  splitTarget,
  type Target,
  targetSecrets,
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

describe('targets', () => {
  const targets: Target[] = [
    { kind: 'slack', url: 'https://hooks.slack.com/services/T0/B0/abc' },
    { kind: 'mattermost', url: 'https://chat.example.org/hooks/abc' },
    { kind: 'matrix', server: 'https://matrix.example.org', room: '!abc:example.org', token: 'syt_abc' },
    { kind: 'teams', url: 'https://prod-1.westeurope.logic.azure.com/workflows/1?sig=abc' },
    {
      kind: 'email',
      host: 'mail.example.org',
      port: 587,
      security: 'starttls',
      from: 'basedrift@example.org',
      to: ['kernel@example.org'],
      user: 'basedrift',
      password: 'secret',
    },
    { kind: 'webhook', url: 'https://example.org/hook', signing: [`whsec_${'A'.repeat(32)}`] },
  ]

  it('are of every kind, and come back from their two halves', () => {
    expect(targets.map(({ kind }) => kind).sort()).toEqual([...channelKinds].sort())
    for (const target of targets) {
      expect(isTarget(target), target.kind).toBe(true)
      const { settings, secrets } = splitTarget(target)
      expect(joinTarget(settings, secrets)).toEqual(target)
      for (const field of targetSecrets[target.kind]) expect(settings).not.toHaveProperty(field)
    }
  })

  const email = targets[4] as Target
  it.each([
    ['another scheme', { kind: 'slack', url: 'file:///etc/passwd' }],
    ['a URL of two lines', { kind: 'slack', url: 'https://example.org/\r\nHost: x' }],
    ['a room by its alias', { ...targets[2], room: '#kernel:example.org' }],
    ['a token of two lines', { ...targets[2], token: 'a\nb' }],
    ['a recipient with a header in it', { ...email, to: ['a@b\r\nBcc: c@d'] }],
    ['a recipient with a name', { ...email, to: ['A <a@example.org>'] }],
    ['no recipient', { ...email, to: [] }],
    ['a signing key of its own', { ...targets[5], signing: ['secret'] }],
    ['no signing key', { ...targets[5], signing: [] }],
    ['an unknown field', { ...targets[5], header: 'x' }],
  ])('refuse %s', (_what, target) => {
    expect(isTarget(target)).toBe(false)
  })
})
