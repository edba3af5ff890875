import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** `bdt_`, the token's id without hyphens, its secret of 256 bits as base64url: found by scanners for secrets, and by our logs. */
const tokenPattern = /^bdt_([0-9a-f]{32})_([A-Za-z0-9_-]{43})$/

const hashOf = (secret: string) => createHash('sha256').update(secret).digest()

/** A new token with this id, and the hash under which its secret is recorded. */
export function makeToken(id: string): { text: string; hash: Buffer } {
  const secret = randomBytes(32).toString('base64url')
  return { text: `bdt_${id.replaceAll('-', '')}_${secret}`, hash: hashOf(secret) }
}

/** Id and secret of a token's text; null where it is none. */
export function readToken(text: string): { id: string; secret: string } | null {
  const match = tokenPattern.exec(text)
  if (match?.[1] === undefined || match[2] === undefined) return null
  return {
    id: match[1].replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    secret: match[2],
  }
}

/** Whether a secret is the one that was hashed, found out in the same time whatever it is. */
export function isSecret(secret: string, hash: Uint8Array): boolean {
  return hash.length === 32 && timingSafeEqual(hashOf(secret), hash)
}
