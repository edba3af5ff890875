import { decodeCursor, encodeCursor, pageLimit, pageOf } from './cursor.js'
import type { Database } from './db.js'
import { storable } from './json.js'
import type { Streams } from './repositories.js'

const isName = (part: unknown) => typeof part === 'string' && part === storable(part)

/** The repository of streams. */
export function createStreams({ prisma }: Database): Streams {
  const row = (stream: { id: string; name: string; createdAt: Date }) => ({
    ...stream,
    createdAt: stream.createdAt.toISOString(),
  })
  return {
    async find(name) {
      const stream = await prisma.stream.findUnique({ where: { name } })
      return stream === null ? null : row(stream)
    },
    async list({ cursor, limit }) {
      const after = decodeCursor('streams', cursor, [isName])
      const take = pageLimit(limit)
      const rows = await prisma.stream.findMany({
        ...(after === null ? {} : { where: { name: { gt: after[0] as string } } }),
        orderBy: { name: 'asc' },
        take: take + 1,
      })
      return pageOf(rows, take, row, (last) => encodeCursor('streams', [last.name]))
    },
  }
}
