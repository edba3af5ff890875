import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** Where the first token with the scope `admin` is kept for programs of this machine. */
export function adminTokenFile(dataDir: string): string {
  return path.join(dataDir, 'admin-token')
}

/** Writes it, readable for this user alone, whole or not at all. */
export async function writeAdminToken(dataDir: string, token: string): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const file = adminTokenFile(dataDir)
  const partial = `${file}.${randomUUID()}`
  try {
    await writeFile(partial, `${token}\n`, { mode: 0o600, flag: 'wx' })
    await rename(partial, file)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}

/** Reads it; null where there is none that this user may read. */
export async function readAdminToken(dataDir: string): Promise<string | null> {
  try {
    return (await readFile(adminTokenFile(dataDir), 'utf8')).trim() || null
  } catch {
    return null
  }
}
