import { PrismaPg } from '@prisma/adapter-pg'

type Connected = Awaited<ReturnType<PrismaPg['connect']>>
type Begun = Awaited<ReturnType<Connected['startTransaction']>>

/**
 * Prisma reads the sides of an `include` at the same time, also within a transaction, whose one connection takes one statement after
 * the other: pg warns of it, and will refuse it.
 */
function oneByOne(transaction: Begun): Begun {
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <Query, Result>(run: (query: Query) => Promise<Result>) => {
    return (query: Query): Promise<Result> => {
      const result = last.then(() => run(query))
      // Whoever asked hears of a failure; those that wait have their own turn.
      last = result.catch(() => undefined)
      return result
    }
  }
  transaction.queryRaw = inTurn(transaction.queryRaw.bind(transaction))
  transaction.executeRaw = inTurn(transaction.executeRaw.bind(transaction))
  return transaction
}

/** Prisma's adapter for pg, whose transactions send one statement at a time. */
export class OneByOnePg extends PrismaPg {
  override async connect(): Promise<Connected> {
    const adapter = await super.connect()
    const start = adapter.startTransaction.bind(adapter)
    adapter.startTransaction = async (isolation) => oneByOne(await start(isolation))
    return adapter
  }
}
