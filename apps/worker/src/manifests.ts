import type { Ledger, ModuleRow } from '@basedrift/ledger'

/** Manifests of module sets, the latest kept: one ingest is followed by many comparisons of the same set. */
export class ManifestCache {
  readonly #moduleSets: Pick<Ledger['moduleSets'], 'manifest'>
  readonly #size: number
  readonly #kept = new Map<string, Promise<ModuleRow[]>>()

  /** Keeps at most `size` manifests (one of a distribution's kernel takes about 2 MB). */
  constructor(moduleSets: Pick<Ledger['moduleSets'], 'manifest'>, size = 8) {
    this.#moduleSets = moduleSets
    this.#size = size
  }

  /** The modules of a set in order. Sets are named by their content, so what is kept never ages. */
  of(moduleSetId: string): Promise<ModuleRow[]> {
    const kept = this.#kept.get(moduleSetId)
    this.#kept.delete(moduleSetId)
    const manifest = kept ?? this.#moduleSets.manifest(moduleSetId)
    this.#kept.set(moduleSetId, manifest)
    manifest.catch(() => {
      if (this.#kept.get(moduleSetId) === manifest) this.#kept.delete(moduleSetId)
    })
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#size) break
      this.#kept.delete(oldest)
    }
    return manifest
  }
}
