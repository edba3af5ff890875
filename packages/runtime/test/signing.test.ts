import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keyidOf, openEnvelope, openSigner, readPublicKey, type Signer, sealEnvelope } from '../src/index.js'

let folder: string
let signer: Signer
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'basedrift-signing-'))
  signer = await openSigner(path.join(folder, 'key.pem'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const type = 'application/vnd.in-toto+json'
const payload = Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}')
const file = (envelope: unknown) => Buffer.from(JSON.stringify(envelope))
const own = () => [readPublicKey(signer.publicKey)]

describe('a signing key', () => {
  it('is made once, for its owner alone, however many want it at once', async () => {
    const place = path.join(folder, 'made', 'key.pem')
    const signers = await Promise.all(Array.from({ length: 20 }, () => openSigner(place)))
    expect(new Set(signers.map(({ keyid }) => keyid)).size).toBe(1)
    expect((await stat(place)).mode & 0o777).toBe(0o600)
    expect(await readdir(path.dirname(place))).toEqual(['key.pem'])
    expect(await readFile(place, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
  })

  it('is named by the SHA-256 of its public part, whichever part is read', async () => {
    const pem = await readFile(path.join(folder, 'key.pem'))
    expect(signer.keyid).toMatch(/^[0-9a-f]{64}$/)
    expect(keyidOf(readPublicKey(pem))).toBe(signer.keyid)
    expect(keyidOf(createPublicKey(signer.publicKey))).toBe(signer.keyid)
  })

  it('is no other kind of key, and no other file', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const contents = [rsa.export({ type: 'pkcs8', format: 'pem' }), 'nothing', signer.publicKey, '']
    for (const [n, content] of contents.entries()) {
      const place = path.join(folder, `bad-${n}.pem`)
      await writeFile(place, content)
      await expect(openSigner(place)).rejects.toMatchObject({ code: 'signing-key-invalid' })
    }
    await expect(openSigner(folder)).rejects.toMatchObject({ code: 'signing-key-invalid' })
    expect(() => readPublicKey('nothing')).toThrow(/no Ed25519 key/)
  })
})

describe('an envelope', () => {
  it('opens to what was sealed, and is the same each time', () => {
    const sealed = sealEnvelope(type, payload, signer)
    expect(openEnvelope(file(sealed), own())).toEqual({ payloadType: type, payload, keyid: signer.keyid })
    expect(sealEnvelope(type, payload, signer)).toEqual(sealed)
  })

  it('has the signature that DSSE says', () => {
    // The example of the protocol (PAE of `http://example.com/HelloWorld` and `hello world`).
    const seen: string[] = []
    const spy = {
      ...signer,
      sign: (bytes: Uint8Array) => Buffer.from(seen.push(Buffer.from(bytes).toString()).toString()),
    }
    sealEnvelope('http://example.com/HelloWorld', Buffer.from('hello world'), spy)
    expect(seen).toEqual(['DSSEv1 29 http://example.com/HelloWorld 11 hello world'])
  })

  it('does not open with another byte anywhere in it', () => {
    const bytes = file(sealEnvelope(type, payload, signer))
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(bytes)
        changed[at] = (changed[at] as number) ^ change
        expect(() => openEnvelope(changed, own())).toThrow(/./)
      }),
      { numRuns: 3_000 },
    )
  })

  it('does not open with less, more, or other members, or other base64 of the same bytes', () => {
    const sealed = sealEnvelope(type, payload, signer)
    const [signature] = sealed.signatures
    const others = [
      { ...sealed, signatures: [] },
      { ...sealed, signatures: [{ sig: signature?.sig }] },
      { ...sealed, more: 1 },
      { ...sealed, payload: sealed.payload.replace(/=*$/, '') },
      { ...sealed, payload: `${sealed.payload}\n` },
      { ...sealed, payloadType: 'text/plain' },
      { ...sealed, signatures: Array(17).fill(signature) },
      [sealed],
      null,
      'x',
    ]
    for (const other of others)
      expect(() => openEnvelope(file(other), own()), JSON.stringify(other)).toThrow(/./)
    expect(() => openEnvelope(file(sealed), [])).toThrow(/None of its signatures/)
    const stranger = generateKeyPairSync('ed25519').publicKey
    expect(() => openEnvelope(file(sealed), [stranger])).toThrow(/None of its signatures/)
  })
})
