import { streamIdsOf } from './access/streams.js'
import { decodeCursor, encodeCursor, pageLimit, pageOf } from './cursor.js'
import type { Database } from './db.js'
import type { Stream } from './generated/client.js'
import { storable } from './json.js'
import type { Streams } from './repositories.js'
import { orderStream } from './versions/order.js'

const isName = (part: unknown) => typeof part === 'string' && part === storable(part)

/** The repository of streams. */
export function createStreams(db: Database): Streams {
  const { prisma } = db
  const row = (stream: Stream) => ({
    ...stream,
    createdAt: stream.createdAt.toISOString(),
  })
  const find = async (name: string) => {
    const stream = await prisma.stream.findUnique({ where: { name } })
    return stream === null ? null : row(stream)
  }
  return {
    find,
    async order(name, scheme) {
      const stream = await find(name)
      if (stream !== null) await orderStream(db, stream.id, scheme)
      return find(name)
    },
    async list({ globs, cursor, limit }) {
      const after = decodeCursor('streams', cursor, [isName])
      const take = pageLimit(limit)
      const rows = await prisma.stream.findMany({
        where: {
          ...(globs === undefined ? {} : { id: { in: await streamIdsOf(prisma, globs) } }),
          ...(after === null ? {} : { name: { gt: after[0] as string } }),
        },
        orderBy: { name: 'asc' },
        take: take + 1,
      })
      return pageOf(rows, take, row, (last) => encodeCursor('streams', [last.name]))
    },
  }
}
