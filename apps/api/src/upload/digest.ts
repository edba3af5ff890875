/**
 * The SHA-256 in a `Content-Digest` or `Repr-Digest` (RFC 9530: a dictionary of byte sequences, RFC 8941), in lower-case hex.
 * Null where there is none, it is not 32 bytes long, or there are several that differ; digests by other algorithms beside it
 * are passed over.
 */
export function sha256OfDigest(header: string | undefined): string | null {
  if (header === undefined || header.length > 1024) return null
  const found = new Set<string>()
  for (const member of header.split(',')) {
    const match = /^\s*sha-256=:([A-Za-z0-9+/]{43}=):\s*$/.exec(member)
    if (match?.[1] !== undefined) found.add(Buffer.from(match[1], 'base64').toString('hex'))
  }
  const [only = null, another] = found
  return another === undefined ? only : null
}
