import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { NotifyError } from './errors.js'

/** Seals secrets for storage: AES-256-GCM with a random nonce; the key's id and the channel's are bound to it. */
export interface Keyring {
  /** Id of the key that seals. */
  readonly current: string
  /** A sealed secret: `v1.KEYID.NONCE.TAG.TEXT`, the last three in base64url. Only this channel can open it. */
  seal(secret: string, channelId: string): string
  /**
   * The secret again.
   * @throws NotifyError `secret-key-unknown`, `secret-broken`
   */
  open(sealed: string, channelId: string): string
  /**
   * The same secret sealed with the current key, or null where it already is.
   * @throws NotifyError `secret-key-unknown`, `secret-broken`
   */
  reseal(sealed: string, channelId: string): string | null
  /**
   * Takes the keys as they are now, of which the first seals. Those that it had open still: who has taken one away too early loses nothing
   * until the process ends.
   * @throws NotifyError `secret-keys-invalid`, also where an id is of another key than before; nothing changes then
   */
  renew(text: string): void
}

/** Most keys: the one in use and those that it follows. */
const maxKeys = 16

/** Bytes of nonce and tag: NIST SP 800-38D, 8.2 and 5.2.1.2. */
const nonceBytes = 12
const tagBytes = 16

function parse(text: string): Map<string, KeyObject> {
  const keys = new Map<string, KeyObject>()
  const seen = new Set<string>()
  const pairs = text.split(',').map((pair) => pair.trim())
  if (pairs.length > maxKeys) throw new NotifyError('secret-keys-invalid')
  for (const pair of pairs) {
    const [, id, base64] = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]{43}=)$/.exec(pair) ?? []
    if (id === undefined || base64 === undefined || keys.has(id)) throw new NotifyError('secret-keys-invalid')
    const bytes = Buffer.from(base64, 'base64')
    // 32 random bytes with fewer than 12 different ones do not occur: such a key was typed by hand.
    if (bytes.length !== 32 || bytes.toString('base64') !== base64 || new Set(bytes).size < 12)
      throw new NotifyError('secret-keys-invalid')
    if (seen.has(base64)) throw new NotifyError('secret-keys-invalid')
    seen.add(base64)
    keys.set(id, createSecretKey(bytes))
    bytes.fill(0)
  }
  return keys
}

const bound = (keyId: string, channelId: string) => Buffer.from(`basedrift/v1/${keyId}/channel/${channelId}`)

/**
 * The keys of `BASEDRIFT_SECRET_KEYS`: `ID:KEY` pairs with commas between them; the first seals, all open. A new key goes in front;
 * once everything is sealed again with it, the old one can go. `openssl rand -base64 32` makes one.
 * @throws NotifyError `secret-keys-invalid`, without the keys
 */
export function createKeyring(text: string): Keyring {
  let keys = parse(text)
  const first = (of: Map<string, KeyObject>): string => {
    const [id] = of.keys()
    if (id === undefined) throw new NotifyError('secret-keys-invalid')
    return id
  }
  let current = first(keys)

  const keyOf = (id: string): KeyObject => {
    const key = keys.get(id)
    if (key === undefined) throw new NotifyError('secret-key-unknown')
    return key
  }

  const seal = (secret: string, channelId: string): string => {
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', keyOf(current), nonce, { authTagLength: tagBytes })
    cipher.setAAD(bound(current, channelId))
    const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
    const parts = [nonce, cipher.getAuthTag(), sealed].map((part) => part.toString('base64url'))
    return ['v1', current, ...parts].join('.')
  }

  const open = (sealed: string, channelId: string): string => {
    const [version, keyId, ...parts] = sealed.split('.')
    const [nonce, tag, bytes] = parts.map((part) => Buffer.from(part, 'base64url'))
    if (version !== 'v1' || keyId === undefined || parts.length !== 3) throw new NotifyError('secret-broken')
    const key = keyOf(keyId)
    if (nonce?.length !== nonceBytes || tag?.length !== tagBytes || bytes === undefined)
      throw new NotifyError('secret-broken')
    try {
      const cipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
      cipher.setAAD(bound(keyId, channelId)).setAuthTag(tag)
      return Buffer.concat([cipher.update(bytes), cipher.final()]).toString('utf8')
    } catch {
      throw new NotifyError('secret-broken')
    }
  }

  const reseal = (sealed: string, channelId: string): string | null => {
    const secret = open(sealed, channelId)
    return sealed.startsWith(`v1.${current}.`) ? null : seal(secret, channelId)
  }

  const renew = (now: string): void => {
    const renewed = parse(now)
    const head = first(renewed)
    for (const [id, key] of keys) {
      if (renewed.get(id)?.equals(key) === false) throw new NotifyError('secret-keys-invalid')
      renewed.set(id, key)
    }
    keys = renewed
    current = head
  }

  return {
    get current() {
      return current
    },
    seal,
    open,
    reseal,
    renew,
  }
}

/**
 * Seals many secrets again with the current key: yields those that changed, for the caller to store, and says how many were in order.
 * One that cannot be opened is yielded with its error, and the rest goes on.
 */
export function* resealAll(
  keyring: Keyring,
  rows: Iterable<{ channelId: string; sealed: string }>,
): Generator<
  { channelId: string; sealed: string; before: string } | { channelId: string; error: NotifyError },
  { unchanged: number }
> {
  let unchanged = 0
  for (const { channelId, sealed: before } of rows) {
    try {
      const sealed = keyring.reseal(before, channelId)
      if (sealed === null) unchanged++
      else yield { channelId, sealed, before }
    } catch (error) {
      if (!(error instanceof NotifyError)) throw error
      yield { channelId, error }
    }
  }
  return { unchanged }
}
