import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
} from 'node:crypto'
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises'
import path from 'node:path'
import { RuntimeError } from '../errors.js'

/** The operator's key, which signs what the service attests. */
export interface Signer {
  /** Fingerprint: SHA-256 of the public key (SubjectPublicKeyInfo in DER), in lower-case hex. */
  readonly keyid: string
  /** The public key, as PEM. */
  readonly publicKey: string
  /** An Ed25519 signature (RFC 8032): equal bytes have equal signatures. */
  sign(bytes: Uint8Array): Buffer
}

/** Most bytes of a key's file. */
const mostBytes = 16 * 1024

/** The fingerprint of a key, by its public part. */
export function keyidOf(key: KeyObject): string {
  const { type } = key
  const spki = (type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(spki).digest('hex')
}

/**
 * A public key from PEM; of a private key its public part.
 * @throws RuntimeError `signing-key-invalid`
 */
export function readPublicKey(pem: string | Uint8Array): KeyObject {
  return ed25519(() => createPublicKey(Buffer.from(pem)), 'It')
}

function ed25519(read: () => KeyObject, name: string): KeyObject {
  let key: KeyObject | undefined
  try {
    key = read()
  } catch {
    // Said below, without what the library says of the content.
  }
  if (key?.asymmetricKeyType !== 'ed25519')
    throw new RuntimeError('signing-key-invalid', `${name} is no Ed25519 key in PEM.`)
  return key
}

/** Makes a key for its owner alone, unless another process has just made one: that one counts. */
async function makeKey(file: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
  const { privateKey } = generateKeyPairSync('ed25519')
  const fresh = `${file}.${randomUUID()}`
  const handle = await open(fresh, 'wx', 0o600)
  try {
    await handle.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }))
    await handle.sync()
    await link(fresh, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  } finally {
    await handle.close()
    await unlink(fresh)
  }
}

async function readKey(file: string): Promise<Buffer | null> {
  try {
    return await readFile(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new RuntimeError('signing-key-invalid', `${file} cannot be read.`, { cause: error })
  }
}

/**
 * Opens the key in that file, an Ed25519 key as PKCS#8 in PEM, and makes one where there is none.
 * @throws RuntimeError `signing-key-invalid`
 */
export async function openSigner(file: string): Promise<Signer> {
  let pem = await readKey(file)
  if (pem === null) {
    await makeKey(file)
    pem = await readKey(file)
  }
  const bytes = pem
  if (bytes === null || bytes.length > mostBytes)
    throw new RuntimeError('signing-key-invalid', `${file} is no Ed25519 key in PEM.`)
  const key = ed25519(() => createPrivateKey(bytes), file)
  return {
    keyid: keyidOf(key),
    publicKey: createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString(),
    sign: (content) => sign(null, content, key),
  }
}
