import { createPrivateKey, sign } from 'node:crypto'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import {
  isSigningKey,
  newKeyPair,
  newSharedKey,
  notifyErrorCodes,
  publicKeyOf,
  signMessage,
  toleranceSeconds,
  verifyMessage,
} from '../src/index.js'

const at = new Date(1614265330 * 1000)
const published = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  payload: '{"test": 2432232314}',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
}

/** RFC 8032, 7.1, test 3: seed, public key, message and signature. */
const rfc8032 = {
  seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
  public: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
}

const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64')

describe('signatures of Standard Webhooks', () => {
  it('are those that its libraries publish', () => {
    const headers = signMessage([published.secret], { ...published, at })
    expect(headers).toEqual({
      'webhook-id': published.id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': published.signature,
    })
    verifyMessage([published.secret], { ...headers }, published.payload, at)
  })

  it('by ed25519 are over id, time and payload, with the key of RFC 8032', () => {
    const secret = `whsk_${base64(rfc8032.seed)}`
    expect(publicKeyOf(secret)).toBe(`whpk_${base64(rfc8032.public)}`)
    const libsodium = `whsk_${base64(rfc8032.seed + rfc8032.public)}`
    const headers = signMessage([secret], { ...published, at })
    expect(signMessage([libsodium], { ...published, at })).toEqual(headers)
    const der = Buffer.concat([
      Buffer.from('302e020100300506032b657004220420', 'hex'),
      Buffer.from(rfc8032.seed, 'hex'),
    ])
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    const content = Buffer.from(`${published.id}.1614265330.${published.payload}`)
    expect(headers['webhook-signature']).toBe(`v1a,${sign(null, content, key).toString('base64')}`)
    verifyMessage([publicKeyOf(secret)], { ...headers }, published.payload, at)
    verifyMessage([secret], { ...headers }, published.payload, at)
  })

  it('are taken by the library of the specification, and its are taken here', () => {
    const secret = newSharedKey()
    const now = new Date()
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/), fc.json(), (id, payload) => {
        const library = new Webhook(secret)
        const headers = signMessage([newSharedKey(), secret], { id, at: now, payload })
        library.verify(payload, { ...headers })
        const theirs = { ...headers, 'webhook-signature': library.sign(id, now, payload) }
        verifyMessage([secret], theirs, payload, now)
      }),
      { numRuns: 50 },
    )
  })

  it('are several while one key follows another', () => {
    const [old, next, pair] = [newSharedKey(), newSharedKey(), newKeyPair()]
    const headers = { ...signMessage([next, old, pair.secret], { ...published, at }) }
    expect(headers['webhook-signature'].split(' ').map((text) => text.split(',')[0])).toEqual([
      'v1',
      'v1',
      'v1a',
    ])
    for (const key of [old, next, pair.public]) verifyMessage([key], headers, published.payload, at)
    expect(() =>
      verifyMessage([newSharedKey(), newKeyPair().public], headers, published.payload, at),
    ).toThrow(expect.objectContaining({ code: 'signature-invalid' }))
  })

  it('hold for five minutes either way', () => {
    const headers = { ...signMessage([published.secret], { ...published, at }) }
    const after = (seconds: number) => new Date(at.getTime() + seconds * 1000)
    for (const seconds of [-toleranceSeconds, 0, toleranceSeconds])
      verifyMessage([published.secret], headers, published.payload, after(seconds))
    for (const seconds of [-toleranceSeconds - 1, toleranceSeconds + 1])
      expect(() => verifyMessage([published.secret], headers, published.payload, after(seconds))).toThrow(
        expect.objectContaining({ code: 'signature-expired' }),
      )
  })

  const good = { ...signMessage([published.secret], { ...published, at }) }
  it.each([
    ['another payload', good, '{"test": 2432232315}'],
    ['another id', { ...good, 'webhook-id': 'msg_other' }, published.payload],
    ['another time', { ...good, 'webhook-timestamp': '1614265331' }, published.payload],
    ['a time that is none', { ...good, 'webhook-timestamp': '1614265330.0' }, published.payload],
    ['no time', { ...good, 'webhook-timestamp': undefined }, published.payload],
    ['no signature', { ...good, 'webhook-signature': '' }, published.payload],
    ['a header twice', { ...good, 'webhook-signature': [published.signature] }, published.payload],
    [
      'the scheme of the other',
      { ...good, 'webhook-signature': published.signature.replace('v1,', 'v1a,') },
      published.payload,
    ],
    ['sloppy base64', { ...good, 'webhook-signature': `${published.signature}=` }, published.payload],
    [
      'a cut signature',
      { ...good, 'webhook-signature': published.signature.slice(0, 20) },
      published.payload,
    ],
    [
      'a right one behind too many',
      { ...good, 'webhook-signature': `${'v1,AA== '.repeat(16)}${published.signature}` },
      published.payload,
    ],
  ])('refuse %s', (_what, headers, payload) => {
    expect(() => verifyMessage([published.secret], headers, payload, at)).toThrow(
      expect.objectContaining({ code: 'signature-invalid' }),
    )
  })

  it.each([
    'secret',
    'whsec_',
    `whsec_${'A'.repeat(31)}`,
    `whsec_${Buffer.alloc(23, 1).toString('base64')}`,
    `whsec_${Buffer.alloc(65, 1).toString('base64')}`,
    `whsk_${Buffer.alloc(33, 1).toString('base64')}`,
    `whsk_${Buffer.concat([Buffer.from(rfc8032.seed, 'hex'), Buffer.alloc(32)]).toString('base64')}`,
    `whpk_${base64(rfc8032.public)}`,
    `WHSEC_${Buffer.alloc(32, 1).toString('base64')}`,
  ])('are made with no key such as %s', (key) => {
    expect(isSigningKey(key)).toBe(false)
    expect(() => signMessage([key], { ...published, at })).toThrow(
      expect.objectContaining({
        code: 'signing-key-invalid',
        message: notifyErrorCodes['signing-key-invalid'],
      }),
    )
  })

  it('are made with no id that could end early', () => {
    for (const id of ['a.1', '', 'a b', 'a\r\nx: y', 'é'])
      expect(() => signMessage([published.secret], { ...published, id, at })).toThrow(
        expect.objectContaining({ code: 'message-invalid' }),
      )
  })
})
