import path from 'node:path'
import type { Ledger } from '@basedrift/ledger'
import { adminTokenFile, writeAdminToken } from '@basedrift/runtime'

/**
 * Where there is no valid token with the scope `admin`, or one is `wanted`, makes one, keeps it in the data directory for
 * programs of this machine, and gives what is to be said of it, once and not in a log; else null.
 */
export async function firstToken(
  { tokens }: Pick<Ledger, 'tokens'>,
  dataDir: string,
  wanted = false,
): Promise<string | null> {
  const made = await tokens.firstAdmin(wanted)
  if (made === null) return null
  const file = path.resolve(adminTokenFile(dataDir))
  // It is made, and can be said only now: a directory that cannot be written is no reason to lose it.
  const kept = await writeAdminToken(dataDir, made.text).then(
    () => `kept in ${file}`,
    () => `not kept, since ${file} cannot be written`,
  )
  return `Admin token, shown this once and ${kept}: ${made.text}\n`
}
