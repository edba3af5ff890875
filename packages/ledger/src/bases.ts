import type { Database, Tx } from './db.js'
import type { Bases } from './repositories.js'
import type { BaseFingerprintsRow } from './rows.js'

/** Keeps the fingerprints of bases that have none yet: they follow from the bytes, and never change. */
export async function recordFingerprints(
  tx: Pick<Tx, 'base'>,
  fingerprints: readonly BaseFingerprintsRow[],
): Promise<void> {
  for (const { sha256, layout, meaning } of fingerprints)
    await tx.base.updateMany({ where: { sha256, layout: null }, data: { layout, meaning } })
}

/** The repository of bases. */
export function createBases({ prisma }: Database): Bases {
  return { recordFingerprints: (fingerprints) => recordFingerprints(prisma, fingerprints) }
}
