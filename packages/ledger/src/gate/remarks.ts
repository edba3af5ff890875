import { Prisma } from '../generated/client.js'

/** Codes of problems of artifacts that are used all the same, and that no gate passes over. */
const codes = [
  // One says otherwise than what else is in the build. (What a log says of tools is read from text that is nobody's format, and holds nothing up.)
  'config-contradicts',
  'provenance-contradicts',
  'symvers-contradicts',
  'version-contradicts',
  // Something of it may be modules, and was not looked at.
  'modules-unread',
]

/** Remarks that a decision is given, of them those of one artifact, and characters of each: more than are named. */
const mostRemarks = 16
const mostCharacters = 1_000

/** What `name-contradicts` was recorded as at first: what a kernel image is called that came alone contradicts nothing that is installed. */
const ofName = JSON.stringify({ code: 'version-contradicts', at: 'file name' })

/** The `Remark`s on the artifacts of a build `b`, by name. */
export const remarksOf = Prisma.sql`
  (SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]') FROM (
    SELECT a.filename, p->>'code' AS code, p->>'at' AS at, left(p->>'message', ${mostCharacters}::int) AS message
    FROM "Artifact" a CROSS JOIN LATERAL jsonb_array_elements(a.problems) WITH ORDINALITY AS e (p, nth)
    WHERE a."buildId" = b.id AND p->>'code' = ANY(${codes}) AND NOT p @> ${ofName}::jsonb
    ORDER BY a.filename, nth LIMIT ${mostRemarks}) r)`
