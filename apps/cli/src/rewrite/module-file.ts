import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import {
  ArtifactError,
  type BtfIds,
  decompressBytes,
  detectFormat,
  type Format,
  findTools,
  limits,
  moduleNameFromPath,
  readModule,
  readRawBtf,
  type Stamp,
} from '@basedrift/artifacts'
import { BtfError } from '@basedrift/btf'
import { sha256Of } from '@basedrift/check'
import { CliError } from '../errors.js'

/** A module that is to be written again. */
export interface ModuleFile {
  readonly path: string
  /** A `.ko`, or the bytes of its `.BTF` alone. */
  readonly form: 'elf' | 'raw'
  /** Uncompressed. */
  readonly bytes: Uint8Array
  readonly wasCompressed: boolean
  readonly mode: number
  /** The kernel's name of it. */
  readonly name: string
  readonly btf: Uint8Array | null
  readonly distilled: Uint8Array | null
  readonly stamp: Stamp | null
  readonly btfIds: BtfIds | null
}

/**
 * Reads one module, of whatever compression: a `.ko` or a raw split BTF.
 * @throws CliError `module-form`; ArtifactError
 */
export async function readModuleFile(file: string): Promise<ModuleFile> {
  const found = await stat(file)
  if (!found.isFile()) throw new CliError('module-form', 'It is not a regular file.', file)
  const { mode, size } = found
  if (size > limits.moduleBytes)
    throw new CliError('module-form', `It has ${size} bytes, more than any module.`, file)
  const stored: Uint8Array = await readFile(file)
  const format = detectFormat(stored, file)
  const isCompressed = format === 'gzip' || format === 'xz' || format === 'zstd'
  const bytes = isCompressed ? await decompressed(stored, format, file) : stored
  return inFile(file, () => read(file, bytes, mode & 0o777, isCompressed, format))
}

function read(
  file: string,
  bytes: Uint8Array,
  mode: number,
  wasCompressed: boolean,
  format: Format,
): ModuleFile {
  const identity = { file, sha256: sha256Of(bytes), size: bytes.length }
  const common = { path: file, bytes, wasCompressed, mode }
  switch (wasCompressed ? detectFormat(bytes, file.replace(/\.\w+$/, '')) : format) {
    case 'elf': {
      const { module } = readModule(bytes, identity)
      if (module.btfIds?.complete === false) throw new ArtifactError('btf-ids-malformed', '.BTF_ids')
      const { name, btf, distilled, stamp, btfIds } = module
      return { ...common, form: 'elf', name, btf, distilled, stamp, btfIds }
    }
    case 'raw-btf':
      readRawBtf(bytes, identity)
      return {
        ...common,
        form: 'raw',
        name: moduleNameFromPath(file),
        btf: bytes,
        distilled: null,
        stamp: null,
        btfIds: null,
      }
    default:
      throw new CliError('module-form', 'This is neither a module (.ko) nor raw BTF.', file)
  }
}

async function decompressed(
  bytes: Uint8Array,
  format: 'gzip' | 'xz' | 'zstd',
  file: string,
): Promise<Uint8Array> {
  try {
    return await decompressBytes(format, bytes, limits.moduleBytes, 0, { tools: await findTools() })
  } catch (error) {
    const { code, message } = error as ArtifactError
    throw new CliError('module-form', `It cannot be decompressed: ${code}: ${message}`, file)
  }
}

/** Whether there is a directory of that name. */
function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

/**
 * Says before the work that several modules cannot all be written to one file.
 * @throws CliError `usage`
 */
export async function mustHavePlace(modules: readonly string[], output: string | undefined): Promise<void> {
  if (modules.length > 1 && output !== undefined && !(await isDirectory(output)))
    throw new CliError('usage', 'For several modules the output must be a directory that exists.', '--output')
}

/** Does something to one file; an error of its bytes then says which file it is. */
export function inFile<Result>(file: string, action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    if (error instanceof ArtifactError || error instanceof BtfError) throw Object.assign(error, { file })
    throw error
  }
}

/**
 * Where a rewritten module goes: over the file it came from, or to `output`, which may be a directory.
 * @throws CliError `module-compressed`: what is written is not compressed, so it must not take the place of what is
 */
export async function outputOf(module: ModuleFile, output: string | undefined): Promise<string> {
  if (output === undefined) {
    if (!module.wasCompressed) return module.path
    const advice = 'do this before it is compressed, or name an output with -o'
    throw new CliError('module-compressed', `The module is compressed; ${advice}.`, module.path)
  }
  if (!(await isDirectory(output))) return output
  const name = path.basename(module.path)
  return path.join(output, module.wasCompressed ? name.replace(/\.(xz|zst|gz)$/, '') : name)
}
