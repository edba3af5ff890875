import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'

/** Headers of a read whose answer has an ETag. */
export const conditionalHeaders = {
  'if-none-match': Type.Optional(
    Type.String({ description: 'ETag of an answer that the client has: 304 where it still holds' }),
  ),
}

/** The answer to a conditional read where nothing has changed. */
export const notModified = {
  304: { description: 'The answer that the client has still holds', type: 'null' as const },
}

/** Whether a list of ETags, or `*`, has this one; a weak one is the same as a strong one here (RFC 9110, §8.8.3.2). */
function hasTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  const opaque = (text: string) => text.trim().replace(/^W\//, '')
  return header.trim() === '*' || header.split(',').some((each) => opaque(each) === opaque(tag))
}

/**
 * Gives the answer an ETag made of all that it follows from, and says whether the client has it already: then the answer is an
 * empty 304, and nothing more needs to be found out.
 */
export function isUnchanged(request: FastifyRequest, reply: FastifyReply, facts: unknown): boolean {
  const digest = createHash('sha256').update(JSON.stringify(facts)).digest('base64url')
  const tag = `W/"${digest.slice(0, 27)}"`
  reply.header('etag', tag).header('cache-control', 'private, no-cache')
  return hasTag(request.headers['if-none-match'], tag)
}
