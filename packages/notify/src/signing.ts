import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign as signBytes,
  timingSafeEqual,
  verify as verifyBytes,
} from 'node:crypto'
import { NotifyError } from './errors.js'

/**
 * Standard Webhooks 1.0 (spec/standard-webhooks.md of github.com/standard-webhooks/standard-webhooks): the content that is signed is
 * `id.timestamp.payload`; `v1` is HMAC-SHA256 with a key of 24 to 64 bytes (`whsec_`), `v1a` is ed25519 (`whsk_` the secret, `whpk_`
 * the public key); the header holds any number of signatures with spaces between them.
 */
export interface SignedHeaders {
  'webhook-id': string
  /** Seconds since 1970. */
  'webhook-timestamp': string
  'webhook-signature': string
}

/** Most signatures of a header that are looked at. */
const maxSignatures = 16

/** How far the time of a message may be off, in seconds. */
export const toleranceSeconds = 5 * 60

/** DER before the 32 bytes of an ed25519 key: PKCS #8 and SPKI of RFC 8410. */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')

type Key = { scheme: 'v1'; bytes: Buffer } | { scheme: 'v1a'; secret: KeyObject | null; public: KeyObject }

/** Base64 as it is written, or null: Buffer.from alone takes anything. */
function strictBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : null
}

/**
 * A key as it is written down. `whsk_` holds the 32 bytes of the seed, or those and the public key after them, as libsodium has it.
 * @throws NotifyError `signing-key-invalid`, without the key
 */
function parseKey(text: string): Key {
  const cut = text.indexOf('_') + 1
  const bytes = strictBase64(text.slice(cut))
  const prefix = text.slice(0, cut)
  if (bytes !== null) {
    if (prefix === 'whsec_' && bytes.length >= 24 && bytes.length <= 64) return { scheme: 'v1', bytes }
    if (prefix === 'whsk_' && (bytes.length === 32 || bytes.length === 64)) {
      const seed = bytes.subarray(0, 32)
      const secret = createPrivateKey({
        key: Buffer.concat([pkcs8Prefix, seed]),
        format: 'der',
        type: 'pkcs8',
      })
      const shared = createPublicKey(secret)
      const derived = shared.export({ format: 'der', type: 'spki' }).subarray(spkiPrefix.length)
      if (bytes.length === 32 || derived.equals(bytes.subarray(32)))
        return { scheme: 'v1a', secret, public: shared }
    }
    if (prefix === 'whpk_' && bytes.length === 32) {
      const key = Buffer.concat([spkiPrefix, bytes])
      return { scheme: 'v1a', secret: null, public: createPublicKey({ key, format: 'der', type: 'spki' }) }
    }
  }
  throw new NotifyError('signing-key-invalid')
}

/** Whether a message can be signed with this key: `whsec_` or `whsk_`. */
export function isSigningKey(text: string): boolean {
  try {
    const key = parseKey(text)
    return key.scheme === 'v1' || key.secret !== null
  } catch {
    return false
  }
}

/** A new key for HMAC-SHA256: 32 random bytes. */
export function newSharedKey(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}

/** A new pair for ed25519. */
export function newKeyPair(): { secret: string; public: string } {
  const pair = generateKeyPairSync('ed25519')
  const seed = pair.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(pkcs8Prefix.length)
  const shared = pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(spkiPrefix.length)
  return { secret: `whsk_${seed.toString('base64')}`, public: `whpk_${shared.toString('base64')}` }
}

/**
 * The public half of a `whsk_` key, for those who verify.
 * @throws NotifyError `signing-key-invalid`
 */
export function publicKeyOf(text: string): string {
  const key = parseKey(text)
  if (key.scheme !== 'v1a') throw new NotifyError('signing-key-invalid')
  const bytes = key.public.export({ format: 'der', type: 'spki' }).subarray(spkiPrefix.length)
  return `whpk_${bytes.toString('base64')}`
}

function content(id: string, timestamp: string, payload: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${id}.${timestamp}.`), Buffer.from(payload)])
}

/**
 * The headers of a message, signed with each of the keys, so that one key can follow another.
 * @param id letters, digits, `_` and `-`: a full stop would let two messages have the same signed content
 * @throws NotifyError `message-invalid` where the id cannot be used, `signing-key-invalid`
 */
export function signMessage(
  keys: readonly string[],
  message: { id: string; at: Date; payload: string },
): SignedHeaders {
  const { id, at, payload } = message
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(id)) throw new NotifyError('message-invalid')
  if (keys.length === 0) throw new NotifyError('signing-key-invalid')
  const timestamp = String(Math.floor(at.getTime() / 1000))
  const bytes = content(id, timestamp, payload)
  const signatures = keys.map((text) => {
    const key = parseKey(text)
    if (key.scheme === 'v1') return `v1,${createHmac('sha256', key.bytes).update(bytes).digest('base64')}`
    if (key.secret === null) throw new NotifyError('signing-key-invalid')
    return `v1a,${signBytes(null, bytes, key.secret).toString('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}

function holds(key: Key, bytes: Buffer, signature: Buffer): boolean {
  if (key.scheme === 'v1a') return signature.length === 64 && verifyBytes(null, bytes, key.public, signature)
  const expected = createHmac('sha256', key.bytes).update(bytes).digest()
  return signature.length === expected.length && timingSafeEqual(signature, expected)
}

/**
 * Verifies a message as a receiver does: one signature of one of the keys is enough.
 * @param headers names in lower case
 * @param payload the body as it came, not parsed and written again
 * @param keys `whsec_`, `whpk_` or `whsk_`
 * @throws NotifyError `signature-expired` where the time is more than five minutes off, `signature-invalid`, `signing-key-invalid`
 */
export function verifyMessage(
  keys: readonly string[],
  headers: { [name: string]: string | string[] | undefined },
  payload: string | Buffer,
  now: Date,
): void {
  const known = keys.map(parseKey)
  const id = headers['webhook-id']
  const timestamp = headers['webhook-timestamp']
  const given = headers['webhook-signature']
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof given !== 'string')
    throw new NotifyError('signature-invalid')
  if (!/^[0-9]{1,12}$/.test(timestamp)) throw new NotifyError('signature-invalid')
  if (Math.abs(Math.floor(now.getTime() / 1000) - Number(timestamp)) > toleranceSeconds)
    throw new NotifyError('signature-expired')
  const bytes = content(id, timestamp, payload)
  for (const entry of given.split(' ').slice(0, maxSignatures)) {
    const comma = entry.indexOf(',')
    const scheme = entry.slice(0, comma)
    const signature = strictBase64(entry.slice(comma + 1))
    if (signature === null) continue
    if (known.some((key) => key.scheme === scheme && holds(key, bytes, signature))) return
  }
  throw new NotifyError('signature-invalid')
}
