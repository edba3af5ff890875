import type { Database } from '../db.js'
import { firstId } from '../ids.js'
import type { GateQuestion } from './decisions.js'

/** Questions that are looked at again, and for how long after they were answered last, in milliseconds. */
const mostQuestions = 500
const askedForMs = 30 * 24 * 3_600_000

/** Questions to the gate of one stream, and what they depend on as it stands. */
export interface AskedStream {
  streamId: string
  /** Another text where anything changed that a decision is made of: builds, pairs, searches for bases, live builds, refusals, waivers, the policy. */
  mark: string
  questions: GateQuestion[]
}

/** What was asked of gates. */
export interface Asked {
  /** Questions whose last decision is at most a month old, by stream, at most 500: the latest. */
  streams(): Promise<AskedStream[]>
}

interface AskedRecord extends GateQuestion {
  streamId: string
}

/** The repository of what was asked. */
export function createAsked({ prisma, clock }: Database): Asked {
  return {
    async streams() {
      const now = clock()
      const since = new Date(now.getTime() - askedForMs)
      const asked = await prisma.$queryRaw<AskedRecord[]>`
        SELECT d."buildId", d.environment, b."streamId"
        FROM (SELECT "buildId", environment, max("createdAt") AS at FROM "Decision"
              WHERE id >= ${firstId(since)}::uuid AND "createdAt" > ${since}
              GROUP BY "buildId", environment ORDER BY at DESC LIMIT ${mostQuestions}) d
        JOIN "Build" b ON b.id = d."buildId"`
      const streams = new Map<string, GateQuestion[]>()
      for (const { streamId, buildId, environment } of asked) {
        const questions = streams.get(streamId) ?? []
        streams.set(streamId, [...questions, { buildId, environment }])
      }
      const marks = await prisma.$queryRaw<{ streamId: string; mark: string }[]>`
        SELECT s.id AS "streamId", concat_ws(' ',
          (SELECT concat(count(*), '/', sum(extract(epoch FROM "updatedAt")), '/', count(*) FILTER (WHERE state = 'pending'))
            FROM "Pair" WHERE "streamId" = s.id),
          (SELECT string_agg(concat(state, ':', n), ',' ORDER BY state) FROM
            (SELECT state, count(*) AS n FROM "Build" WHERE "streamId" = s.id GROUP BY state) AS states),
          (SELECT md5(string_agg(concat(t.id, t.state), ' ' ORDER BY t.id)) FROM "Build" b JOIN "Task" t ON t.id = 'origin:' || b.id
            WHERE b."streamId" = s.id AND t.state <> 'done'),
          (SELECT count("withdrawnAt") FROM "Build" WHERE "streamId" = s.id),
          (SELECT concat(count(*), '/', count(l."leftAt")) FROM "Live" l JOIN "Build" b ON b.id = l."buildId" WHERE b."streamId" = s.id),
          (SELECT concat(count(*), '/', count("withdrawnAt"), '/', count(*) FILTER (WHERE "expiresAt" <= ${now}))
            FROM "Waiver" WHERE "streamId" = s.id),
          (SELECT concat(count(*), '/', count(r."acknowledgedAt")) FROM "Refusal" r JOIN "Build" b ON b.id = r."buildId" WHERE b."streamId" = s.id),
          (SELECT coalesce(max(version), 0) FROM "Policy" WHERE "streamId" = s.id)) AS mark
        FROM "Stream" s WHERE s.id = ANY(${[...streams.keys()]}::uuid[])`
      return marks.map(({ streamId, mark }) => ({
        streamId,
        mark,
        questions: streams.get(streamId) ?? [],
      }))
    },
  }
}
