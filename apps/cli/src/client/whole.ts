import type { Client, Matrix, Pair, Verdict } from '@basedrift/contract'

/** Entries, cells or modules asked for at once. */
const pageSize = 500

/** All entries of a list: those of all its pages, each of which `ask` asks for. */
export async function wholeList<T>(
  ask: (page: { cursor: string | undefined; limit: number }) => Promise<{ items: T[]; next: string | null }>,
): Promise<T[]> {
  const items: T[] = []
  let cursor: string | undefined
  do {
    const page = await ask({ cursor, limit: pageSize })
    items.push(...page.items)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return items
}

/** The whole matrix of a stream: all its pages as one. */
export async function wholeMatrix(client: Client, stream: string): Promise<Matrix> {
  const builds = new Map<string, Matrix['builds'][number]>()
  const cells: Matrix['cells'] = []
  let cursor: string | undefined
  do {
    const page = await client.matrix({ stream, cursor, limit: pageSize })
    cells.push(...page.cells)
    for (const build of page.builds) builds.set(build.id, build)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return { cells, builds: [...builds.values()], next: null }
}

/** A whole pair, all its pages as one: the modules that the filter lets through. */
export async function wholePair(
  client: Client,
  kernelBuild: string,
  moduleBuild: string,
  filter: { verdict?: Verdict | undefined; maxFindings?: number | undefined },
): Promise<Pair> {
  const whole = await client.pair(kernelBuild, moduleBuild, { ...filter, limit: pageSize })
  const rows = [...whole.rows]
  let cursor = whole.next ?? undefined
  while (cursor !== undefined) {
    const page = await client.pair(kernelBuild, moduleBuild, { ...filter, cursor, limit: pageSize })
    rows.push(...page.rows)
    cursor = page.next ?? undefined
  }
  return { ...whole, rows, next: null }
}
