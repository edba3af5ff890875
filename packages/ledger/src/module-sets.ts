import { recordBlobs } from './blob-records.js'
import type { Database, Tx } from './db.js'
import { moduleSetId } from './ids.js'
import { storable } from './json.js'
import type { ModuleSets } from './repositories.js'
import type { ModuleRow, ModuleSetRow, StampRow } from './rows.js'

/** The columns of a module as they are given out. */
const moduleColumns = {
  name: true,
  file: true,
  sha256: true,
  vermagic: true,
  srcversion: true,
  buildId: true,
  btfSha256: true,
  distilledSha256: true,
  btfBytes: true,
  types: true,
  strings: true,
  originStrings: true,
  stamp: true,
  inImage: true,
} as const

/** No base has 2 GiB of strings (the kernel takes 16 MiB): such a length is of a damaged module, and no column's. */
const mostStrings = 0x7fffffff

/**
 * The string length of the base that most modules of a set were built on, where they tell it; of two that are as common, the
 * shorter one. Modules with a `.BTF.base` were built on that and tell nothing of a kernel's base.
 */
export function commonOriginStrings(
  manifest: readonly Pick<ModuleRow, 'originStrings' | 'distilledSha256'>[],
): number | null {
  const counts = new Map<number, number>()
  for (const { originStrings, distilledSha256 } of manifest) {
    if (originStrings === null || originStrings > mostStrings || distilledSha256 !== null) continue
    counts.set(originStrings, (counts.get(originStrings) ?? 0) + 1)
  }
  const [most] = [...counts].sort(([a, many], [b, more]) => more - many || a - b)
  return most?.[0] ?? null
}

/** SHA-256 of the base that the stamps of more than half of the modules that have BTF name; null where there is none. */
export function commonStamp(manifest: readonly Pick<ModuleRow, 'btfSha256' | 'stamp'>[]): string | null {
  const counts = new Map<string, number>()
  let withBtf = 0
  for (const { btfSha256, stamp } of manifest) {
    if (btfSha256 !== null) withBtf++
    if (btfSha256 !== null && stamp !== null) counts.set(stamp.sha256, (counts.get(stamp.sha256) ?? 0) + 1)
  }
  for (const [sha256, count] of counts) if (count * 2 > withBtf) return sha256
  return null
}

/** The repository of module sets. */
export function createModuleSets({ prisma }: Database): ModuleSets {
  return {
    get: (id) =>
      prisma.moduleSet.findUnique({
        where: { id },
        select: { id: true, count: true, bundleSha256: true, symbolsSha256: true },
      }),
    manifest: async (id) => {
      const rows = await prisma.module.findMany({
        where: { moduleSetId: id },
        orderBy: { ordinal: 'asc' },
        select: moduleColumns,
      })
      return rows.map((row) => ({ ...row, stamp: row.stamp as StampRow | null }))
    },
  }
}

/** Gives a set symbols that a newer codec wrote; false where those that it has are as new. */
async function replaceSymbols(
  tx: Tx,
  id: string,
  { sha256, codec }: { sha256: string; codec: number },
): Promise<boolean> {
  const { count } = await tx.moduleSet.updateMany({
    where: { id, OR: [{ symbolsCodec: null }, { symbolsCodec: { lt: codec } }] },
    data: { symbolsSha256: sha256, symbolsCodec: codec },
  })
  return count === 1
}

/**
 * Records a manifest with its bundle and symbols unless an equal manifest is there, in one statement for all its modules. Gives what is
 * recorded: equal modules keep the bundle that they came with first, whoever wrote it, and their symbols until a newer codec tells more
 * of them; what was compared with those of before is then renewed.
 */
export async function recordModuleSet(
  tx: Tx,
  found: readonly ModuleRow[],
  bundle: { sha256: string; size: number },
  symbols: { sha256: string; size: number; codec: number } | null,
  now: Date,
): Promise<ModuleSetRow> {
  const manifest = found.map((module) => ({
    ...module,
    name: storable(module.name),
    file: storable(module.file),
    vermagic: storable(module.vermagic),
    srcversion: storable(module.srcversion),
    buildId: storable(module.buildId),
    originStrings:
      module.originStrings === null || module.originStrings > mostStrings ? null : module.originStrings,
  }))
  const id = moduleSetId(manifest)
  const originStrings = commonOriginStrings(manifest)
  const made = await tx.moduleSet.createMany({
    data: [
      {
        id,
        count: manifest.length,
        bundleSha256: bundle.sha256,
        symbolsSha256: symbols?.sha256 ?? null,
        symbolsCodec: symbols?.codec ?? null,
        originStrings,
        stampSha256: commonStamp(manifest),
        createdAt: now,
      },
    ],
    skipDuplicates: true,
  })
  const replaced = made.count === 0 && symbols !== null && (await replaceSymbols(tx, id, symbols))
  const written = [
    ...(made.count === 1 ? [bundle] : []),
    ...(symbols !== null && (made.count === 1 || replaced) ? [symbols] : []),
  ]
  await recordBlobs(tx, written, now)
  if (made.count === 1) {
    await tx.$executeRaw`
      INSERT INTO "Module" ("moduleSetId", ordinal, name, file, sha256, vermagic, srcversion, "buildId", "btfSha256",
        "distilledSha256", "btfBytes", types, strings, "originStrings", stamp, "inImage")
      SELECT ${id}, place - 1, m->>'name', m->>'file', m->>'sha256', m->>'vermagic', m->>'srcversion', m->>'buildId',
        m->>'btfSha256', m->>'distilledSha256', (m->>'btfBytes')::int, (m->>'types')::int, (m->>'strings')::int,
        (m->>'originStrings')::int, NULLIF(m->'stamp', 'null'::jsonb), (m->>'inImage')::boolean
      FROM jsonb_array_elements(${JSON.stringify(manifest)}::jsonb) WITH ORDINALITY AS given (m, place)`
  }
  const set = await tx.moduleSet.findUniqueOrThrow({ where: { id } })
  return { id, count: set.count, bundleSha256: set.bundleSha256, symbolsSha256: set.symbolsSha256 }
}
