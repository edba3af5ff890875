import type { Streams } from '../repositories.js'
import { decodeCursor, isText, pageOf, rowsToAsk } from './cursor.js'
import type { Database } from './database.js'
import { time } from './mapping.js'

/** Streams by name; one comes to be with the first build that is declared in it. */
export function createStreams(database: Database): Streams {
  return {
    async find(name) {
      const record = await database.stream.findUnique({ where: { name } })
      return record === null ? null : { id: record.id, name, createdAt: time(record.createdAt) }
    },

    async list(page) {
      const after = decodeCursor<[string]>(page.cursor, [isText])
      const records = await database.stream.findMany({
        where: after === null ? {} : { name: { gt: after[0] } },
        orderBy: { name: 'asc' },
        take: rowsToAsk(page),
      })
      return pageOf(
        records,
        page,
        ({ name }) => [name],
        ({ id, name, createdAt }) => ({ id, name, createdAt: time(createdAt) }),
      )
    },
  }
}
