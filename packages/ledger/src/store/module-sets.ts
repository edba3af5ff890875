import { createHash } from 'node:crypto'
import type { ModuleSets } from '../repositories.js'
import type { ModuleRow, ModuleSetRow } from '../rows.js'
import type { Database, Queries } from './database.js'

const columns = [
  'name',
  'file',
  'sha256',
  'vermagic',
  'srcversion',
  'buildId',
  'btfSha256',
  'distilledSha256',
  'btfBytes',
  'types',
  'strings',
  'originStrings',
] as const satisfies readonly (keyof ModuleRow)[]

/** The id of a set of modules: SHA-256 over its manifest, so that equal sets are one. */
function idOf(manifest: readonly ModuleRow[]): string {
  const hash = createHash('sha256')
  for (const row of manifest) hash.update(`${JSON.stringify(columns.map((column) => row[column]))}\n`)
  return hash.digest('hex')
}

/** Records a manifest, unless it is there; `bundleSha256` is then that of the first. */
export async function recordModuleSet(
  queries: Queries,
  manifest: readonly ModuleRow[],
  bundle: { sha256: string; size: number },
): Promise<string> {
  const id = idOf(manifest)
  await queries.blob.createMany({
    data: [{ sha256: bundle.sha256, size: BigInt(bundle.size) }],
    skipDuplicates: true,
  })
  const { count } = await queries.moduleSet.createMany({
    data: [{ id, count: manifest.length, bundleSha256: bundle.sha256 }],
    skipDuplicates: true,
  })
  if (count === 0) return id
  const of = <C extends (typeof columns)[number]>(column: C) => manifest.map((row) => row[column])
  await queries.$executeRaw`
    INSERT INTO "Module" ("moduleSetId", ordinal, name, file, sha256, vermagic, srcversion, "buildId",
      "btfSha256", "distilledSha256", "btfBytes", types, strings, "originStrings")
    SELECT ${id}, m.ordinal - 1, m.name, m.file, m.sha256, m.vermagic, m.srcversion, m.build, m.btf, m.distilled,
      m.bytes, m.types, m.strings, m.origin
    FROM unnest(${of('name')}::text[], ${of('file')}::text[], ${of('sha256')}::text[], ${of('vermagic')}::text[],
      ${of('srcversion')}::text[], ${of('buildId')}::text[], ${of('btfSha256')}::text[],
      ${of('distilledSha256')}::text[], ${of('btfBytes')}::int[], ${of('types')}::int[], ${of('strings')}::int[],
      ${of('originStrings')}::int[]) WITH ORDINALITY
      AS m(name, file, sha256, vermagic, srcversion, build, btf, distilled, bytes, types, strings, origin, ordinal)`
  return id
}

export function moduleRow(record: ModuleRow): ModuleRow {
  return Object.fromEntries(columns.map((column) => [column, record[column]])) as unknown as ModuleRow
}

/** The modules of builds, in the order of their manifest. */
export function createModuleSets(database: Database): ModuleSets {
  return {
    async get(id): Promise<ModuleSetRow | null> {
      return database.moduleSet.findUnique({
        where: { id },
        select: { id: true, count: true, bundleSha256: true },
      })
    },

    async manifest(id) {
      const records = await database.module.findMany({
        where: { moduleSetId: id },
        orderBy: { ordinal: 'asc' },
      })
      return records.map(moduleRow)
    },
  }
}
