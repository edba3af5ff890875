import type { Tx } from '../db.js'
import type { Manifest } from './decide.js'
import { modulePath, moduleRelease } from './module-rules.js'

/** Modules kept in memory, over all sets: some 200 bytes each. */
const mostModules = 500_000

/** The modules of a set, and the releases below whose folders they are installed. */
export interface KnownManifest extends Manifest {
  readonly releases: readonly string[]
}

interface ModuleRecord {
  moduleSetId: string
  names: string[]
  files: string[]
  hashes: string[]
  releases: (string | null)[]
}

/** Module sets never change: those that were asked for last are kept. */
export class Manifests {
  readonly #kept = new Map<string, KnownManifest>()
  #modules = 0

  /** The manifests of sets, by id; what is not in memory comes in one statement. */
  async of(tx: Tx, setIds: readonly string[]): Promise<ReadonlyMap<string, KnownManifest>> {
    const wanted = [...new Set(setIds)]
    const found = new Map<string, KnownManifest>()
    for (const id of wanted) {
      const kept = this.#kept.get(id)
      if (kept === undefined) continue
      this.#kept.delete(id)
      this.#kept.set(id, kept)
      found.set(id, kept)
    }
    const missing = wanted.filter((id) => !found.has(id))
    if (missing.length === 0) return found
    const records = await tx.$queryRaw<ModuleRecord[]>`
      SELECT "moduleSetId", array_agg(name ORDER BY ordinal) AS names, array_agg(file ORDER BY ordinal) AS files,
        array_agg(sha256 ORDER BY ordinal) AS hashes, array_agg(DISTINCT split_part(vermagic, ' ', 1)) AS releases
      FROM "Module" WHERE "moduleSetId" = ANY(${missing}) GROUP BY "moduleSetId"`
    for (const record of records) {
      const manifest = manifestOf(record)
      found.set(manifest.setId, manifest)
      this.#keep(manifest)
    }
    return found
  }

  #keep(manifest: KnownManifest): void {
    this.#modules += manifest.modules.length
    this.#kept.set(manifest.setId, manifest)
    for (const [id, oldest] of this.#kept) {
      if (this.#modules <= mostModules) return
      this.#kept.delete(id)
      this.#modules -= oldest.modules.length
    }
  }
}

function manifestOf({ moduleSetId, names, files, hashes, releases }: ModuleRecord): KnownManifest {
  const modules = names.map((name, ordinal) => {
    const file = files[ordinal] ?? ''
    return { name, path: modulePath(file), sha256: hashes[ordinal] ?? '', ordinal }
  })
  modules.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.ordinal - b.ordinal))
  const installed = new Set(files.map((file) => moduleRelease(file, null)))
  const named = releases.filter((release) => release !== null && release !== '')
  // Where one is installed nowhere, what the modules name themselves counts.
  const all = installed.has(null) ? [...installed, ...named] : [...installed]
  return {
    setId: moduleSetId,
    modules,
    releases: [...new Set(all.filter((release) => release !== null))],
  }
}
