import type { ArtifactKind } from './words.js'

/** Most bytes of an artifact that is no package. */
export const evidenceBytes: Readonly<Record<Exclude<ArtifactKind, 'package'>, number>> = {
  config: 8 * 2 ** 20,
  symvers: 64 * 2 ** 20,
  provenance: 16 * 2 ** 20,
  log: 512 * 2 ** 20,
}

const compressed = '(?:\\.(?:gz|xz|zst))?'

/** Names that tell what a file is; whatever is none of these is a package, a module or a kernel. */
const names: readonly (readonly [ArtifactKind, RegExp])[] = [
  ['config', /^(?:config(?:-.+)?|.+\.config)$/],
  ['symvers', new RegExp(`^(?:Module\\.symvers|symvers(?:-.+)?)${compressed}$`)],
  ['provenance', /(?:^provenance|[._-]provenance|\.intoto|\.slsa)\.jsonl?$/i],
  ['log', new RegExp(`^(?:_log|(?:build[._-]?)?log|.+\\.(?:log|build))${compressed}$`, 'i')],
]

/** What a file is by its name. */
export function artifactKindOf(filename: string): ArtifactKind {
  return names.find(([, name]) => name.test(filename))?.[0] ?? 'package'
}
