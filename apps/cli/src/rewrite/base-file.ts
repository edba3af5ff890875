import {
  BaseEvidence,
  type Btf,
  contradiction,
  prepareBase,
  type RunningBase,
  readBtf,
  recoverOriginLength,
} from '@basedrift/btf'
import { sha256Of } from '@basedrift/check'
import { findBtf } from '../dump/find.js'
import { CliError } from '../errors.js'
import { count } from '../output/words.js'
import type { ModuleFile } from './module-file.js'

/** A base BTF that modules are written for or were built on. */
export interface BaseFile {
  readonly path: string
  readonly bytes: Uint8Array
  readonly sha256: string
  readonly btf: Btf
  readonly running: RunningBase
  readonly evidence: BaseEvidence
}

/**
 * Reads the base BTF of a kernel of any form.
 * @throws CliError, BtfError
 */
export async function readBaseFile(path: string): Promise<BaseFile> {
  const { btf: bytes } = await findBtf(path, { kernel: true, raw: 'kernel' })
  const btf = readBtf(bytes)
  const running = prepareBase(bytes)
  return { path, bytes, sha256: sha256Of(bytes), btf, running, evidence: new BaseEvidence(btf) }
}

/**
 * The split BTF of a module, read on the base that it was built on.
 * @throws CliError `module-distilled`, `origin-contradicts` where the module shows that it was built on another base
 */
export function readOnOrigin({ path, distilled }: ModuleFile, bytes: Uint8Array, origin: BaseFile): Btf {
  if (distilled !== null) {
    const what = 'The module has a .BTF.base: its BTF was built on that, and kernels from 6.11 on relocate it'
    throw new CliError('module-distilled', `${what}.`, path)
  }
  const split = readBtf(bytes, origin.btf)
  const strings = recoverOriginLength(bytes)
  const wrong = (what: string): CliError =>
    new CliError('origin-contradicts', `The module was not built on ${origin.path}: ${what}.`, path)
  if (strings !== null && strings !== origin.btf.stringsLength) {
    const has = `its base had ${count(strings)} bytes of strings, this one has ${count(origin.btf.stringsLength)}`
    throw wrong(has)
  }
  const found = contradiction(split, origin.evidence)
  if (found !== null) throw wrong(`${found.path} is ${found.actual}, which should be ${found.expected}`)
  return split
}
