import {
  readElf,
  renumberBtfIds,
  type SectionChange,
  type Stamp,
  sectionType,
  stampChange,
  writeSections,
} from '@basedrift/artifacts'
import type { Put } from '../output/replace.js'
import { inFile, type ModuleFile } from './module-file.js'

/** What of a module is written anew. */
export interface Rewritten {
  readonly btf: Uint8Array
  /** `.BTF.base`; null where it gets none. */
  readonly base: Uint8Array | null
  /** What a stamped module's stamp becomes; null takes it away. */
  readonly stamp: Stamp | null
  /** The new id of a type that `.BTF_ids` names; 0 where it has none. */
  readonly ids: Uint32Array
}

/** `.BTF` and `.BTF.base` are read in words. */
const btfAlign = 4
const idsSection = '.BTF_ids'

/**
 * The bytes of a `.ko` with new BTF, and with its `.BTF_ids` in the new numbering.
 * @throws ArtifactError
 */
function rewrittenElf(module: ModuleFile, { btf, base, stamp, ids }: Rewritten): Uint8Array {
  const elf = readElf(module.bytes)
  const changes: SectionChange[] = [
    { name: '.BTF', content: btf, type: sectionType.progbits, align: btfAlign },
  ]
  if (base !== null)
    changes.push({ name: '.BTF.base', content: base, type: sectionType.progbits, align: btfAlign })
  const section = elf.find(new TextEncoder().encode(idsSection))
  if (module.btfIds !== null && section !== null) {
    const content = renumberBtfIds(elf.content(section), module.btfIds, elf.little, (id) => ids[id] ?? 0)
    changes.push({ name: idsSection, content, type: sectionType.progbits, align: btfAlign })
  }
  if (module.stamp !== null) changes.push(stampChange(stamp, elf.little))
  return writeSections(module.bytes, changes)
}

/** Every type id in a module's `.BTF_ids` but 0. */
export function idsNamed({ btfIds }: ModuleFile): number[] {
  if (btfIds === null) return []
  const all = [...btfIds.list.map(({ id }) => id), ...btfIds.sets.flatMap(({ ids }) => ids)]
  return all.filter((id) => id !== 0)
}

/**
 * Puts a rewritten module in its place: a `.ko`, or raw BTF with its distilled base beside it as `NAME.base`.
 * @throws ArtifactError, with the file that it is of; CliError
 */
export async function putRewritten(
  put: Put,
  module: ModuleFile,
  to: string,
  parts: Rewritten,
): Promise<void> {
  if (module.form === 'elf') {
    const bytes = inFile(module.path, () => rewrittenElf(module, parts))
    await put(to, bytes, module.mode)
    return
  }
  await put(to, parts.btf, module.mode)
  if (parts.base !== null) await put(`${to.replace(/\.btf$/, '')}.base`, parts.base, module.mode)
}
