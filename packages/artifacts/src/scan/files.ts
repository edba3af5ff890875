import type { KernelCompression } from '../bytes/compression.js'
import { readConfig } from '../bytes/config.js'
import { readElf } from '../bytes/elf.js'
import { ArtifactError, problemOf } from '../bytes/errors.js'
import { detectFormat, type Format } from '../bytes/format.js'
import { readKernelImage } from '../bytes/kernel.js'
import { elfRole, type FileIdentity, readModule } from '../bytes/module.js'
import { readSymvers } from '../bytes/symvers.js'
import type { ArtifactFacts } from '../bytes/types.js'
import { releaseFromPath, releaseFromVermagic } from '../bytes/version.js'
import { decompressBytes } from '../codec/index.js'
import { type FoundKernel, ownCopy, problemFacts, type ScanContext } from './context.js'
import type { RawBtf } from './raw-btf.js'

/** What a whole file turned out to be: facts at once, or something that waits for what stands beside it. */
export type Outcome =
  | { readonly is: 'facts'; readonly facts: ArtifactFacts[] }
  | { readonly is: 'raw-btf'; readonly raw: RawBtf }

const compressions: readonly Format[] = ['gzip', 'xz', 'zstd', 'lz4', 'lzma', 'bzip2', 'lzo']

/** True for a format that is nothing but compression. */
export function isCompression(format: Format): format is KernelCompression {
  return compressions.includes(format)
}

/** True for a file that is decompressed before it is looked at. */
export function isCompressed(bytes: Uint8Array): boolean {
  return isCompression(detectFormat(bytes))
}

/** Path without the suffix of a compression. */
export function plainPath(path: string): string {
  return path.replace(/\.(?:gz|xz|zst|bz2|lz4|lzma|lzo)$/, '')
}

/** A module's facts and problems. `bytes` may be used again afterwards. */
export function moduleFacts(
  context: ScanContext,
  bytes: Uint8Array,
  identity: FileIdentity,
): ArtifactFacts[] {
  try {
    const { module, problems } = readModule(bytes, identity)
    const { vermagic, file } = module
    if (vermagic !== null) {
      context.claims.push({ file, source: 'vermagic', release: releaseFromVermagic(vermagic) })
    }
    const own = { ...module, btf: ownCopy(module.btf), distilled: ownCopy(module.distilled) }
    return [own, ...problems.map((problem): ArtifactFacts => ({ type: 'problem', ...problem }))]
  } catch (error) {
    return [problemFacts(context, error, identity.file)]
  }
}

/** A config's facts; they are kept for the kernel of the same release. */
export function configFacts(
  context: ScanContext,
  bytes: Uint8Array,
  identity: FileIdentity,
): ArtifactFacts[] {
  const { file } = identity
  try {
    const read = readConfig(bytes)
    const { version, config } = read
    const facts = { type: 'config', file, release: releaseFromPath(file), version, config } as const
    if (context.keepsConfigs) holdBytes(context, read.text.length)
    context.configs.push({ facts, read: context.keepsConfigs ? read : { ...read, text: '' } })
    return [facts]
  } catch (error) {
    return [problemFacts(context, error, file)]
  }
}

/** What a Module.symvers lists. Throws `symvers-malformed` and `limit-exceeded`. */
function symversFacts(context: ScanContext, bytes: Uint8Array, identity: FileIdentity): ArtifactFacts[] {
  const { symvers, problems } = readSymvers(bytes, identity)
  holdBytes(context, symvers.exports.names.length)
  return [symvers, ...problems.map((problem): ArtifactFacts => ({ type: 'problem', ...problem }))]
}

/** Keeps a kernel for the end of the input. Throws `limit-exceeded` when too much is kept already. */
function holdBytes(context: ScanContext, count: number): void {
  context.held += count
  if (context.held > context.limits.heldBytes) {
    context.held -= count
    throw new ArtifactError(
      'limit-exceeded',
      null,
      `More than ${context.limits.heldBytes} bytes of BTF and symbols wait for the end`,
    )
  }
}

/** Reads a kernel image on the side: what it is is known at the end of the input. */
function startKernel(context: ScanContext, bytes: Uint8Array, identity: FileIdentity): void {
  const before = context.kernels.at(-1)
  const read = async (): Promise<FoundKernel | ArtifactFacts> => {
    try {
      // One after the other: each may take as much memory as a kernel does.
      await before
      const found = await readKernelImage(bytes, identity, (format, payload, size, maxSize) =>
        decompressBytes(format, payload, Math.min(maxSize, context.limits.kernelBytes), size, context.codec),
      )
      holdBytes(context, found.kernel.btf?.length ?? 0)
      return { ...found, kernel: { ...found.kernel, btf: ownCopy(found.kernel.btf) } }
    } catch (error) {
      return problemFacts(context, error, identity.file)
    }
  }
  const task = read()
  task.catch(() => {})
  context.kernels.push(task)
}

/**
 * Reads a whole file of any form but a container, by its content; it is decompressed first where it is compressed, once.
 * Kernels are started and kept (see `startKernel`). `bytes` belong to the file from here on.
 */
export async function readFile(
  context: ScanContext,
  bytes: Uint8Array,
  identity: FileIdentity,
  maxBytes: number,
): Promise<Outcome> {
  const { file } = identity
  try {
    const outer = detectFormat(bytes, file)
    const content = isCompression(outer)
      ? await decompressBytes(outer, bytes, maxBytes, 0, context.codec)
      : bytes
    return readContent(context, content, identity, content === bytes ? file : plainPath(file))
  } catch (error) {
    return { is: 'facts', facts: [problemFacts(context, error, file)] }
  }
}

/** Reads content that is not compressed, or not any more. */
export function readContent(
  context: ScanContext,
  content: Uint8Array,
  identity: FileIdentity,
  path: string,
): Outcome {
  const { file } = identity
  const nothing: Outcome = { is: 'facts', facts: [] }
  try {
    const format = detectFormat(content, path)
    if (isCompression(format)) throw new ArtifactError('nested-too-deep', null, 'It is compressed twice')
    switch (format) {
      case 'elf':
        if (elfRole(readElf(content)) === 'module') {
          return { is: 'facts', facts: moduleFacts(context, content, identity) }
        }
        startKernel(context, content, identity)
        return nothing
      case 'bzimage':
      case 'arm64-image':
      case 'riscv-image':
      case 'efi-zboot':
        startKernel(context, content, identity)
        return nothing
      case 'raw-btf':
        holdBytes(context, content.length)
        return { is: 'raw-btf', raw: { identity, path, bytes: content } }
      case 'symvers':
        return { is: 'facts', facts: symversFacts(context, content, identity) }
      case 'config':
        return { is: 'facts', facts: configFacts(context, content, identity) }
      default:
        throw new ArtifactError('format-unknown', null)
    }
  } catch (error) {
    return { is: 'facts', facts: [{ type: 'problem', ...problemOf(error, file) }] }
  }
}
