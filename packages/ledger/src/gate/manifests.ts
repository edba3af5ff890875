import type { Tx } from '../db.js'
import type { Manifest } from './inputs.js'
import { modulePath, moduleRelease } from './module-rules.js'

/** Modules kept in memory, over all sets: some 200 bytes each. */
const mostModules = 500_000

/** The modules of a set, and the releases below whose folders they are installed. */
export interface KnownManifest extends Manifest {
  readonly releases: readonly string[]
  /** Modules that name another release than that of the folder they lie in, each pair once: `BUILT below FOLDER`. */
  readonly misplaced: readonly string[]
}

/** Name, file, SHA-256 of it, and the release that its vermagic names. */
type ModuleColumns = [name: string, file: string, sha256: string, release: string | null]

interface SetRecord {
  moduleSetId: string
  modules: ModuleColumns[]
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
    const records = await tx.$queryRaw<SetRecord[]>`
      SELECT "moduleSetId",
        json_agg(json_build_array(name, file, sha256, split_part(vermagic, ' ', 1)) ORDER BY ordinal) AS modules
      FROM "Module" WHERE "moduleSetId" = ANY(${missing}) GROUP BY "moduleSetId"`
    for (const record of records) {
      const manifest = manifestOf(record)
      found.set(manifest.setId, manifest)
      this.#keep(manifest)
    }
    return found
  }

  #keep(manifest: KnownManifest): void {
    // Two that missed the same set at once both come here with it.
    if (this.#kept.has(manifest.setId)) return
    this.#modules += manifest.modules.length
    this.#kept.set(manifest.setId, manifest)
    for (const [id, oldest] of this.#kept) {
      if (this.#modules <= mostModules) return
      this.#kept.delete(id)
      this.#modules -= oldest.modules.length
    }
  }
}

function manifestOf({ moduleSetId, modules: columns }: SetRecord): KnownManifest {
  const releases = new Set<string>()
  const misplaced = new Set<string>()
  const modules = columns.map(([name, file, sha256, named], ordinal) => {
    // Where it is installed nowhere, what it names itself counts.
    const release = moduleRelease(file, named === '' ? null : named)
    if (release !== null) releases.add(release)
    if (named !== null && named !== '' && release !== named) misplaced.add(`${named} below ${release}`)
    return { name, path: modulePath(file), sha256, ordinal }
  })
  modules.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.ordinal - b.ordinal))
  return { setId: moduleSetId, modules, releases: [...releases], misplaced: [...misplaced] }
}
