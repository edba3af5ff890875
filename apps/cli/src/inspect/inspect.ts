import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import {
  type ConfigFacts,
  detectFormat,
  type KernelConfig,
  type KernelFacts,
  type ModuleFacts,
  type Problem,
  type Stamp,
  type SymbolCrc,
  scan,
} from '@basedrift/artifacts'
import { BtfError, type Fingerprints, readBtf, recoverOriginLength } from '@basedrift/btf'
import { CheckError, type FoundKernel, onlyKernel } from '@basedrift/check'
import { CliError, systemReason } from '../errors.js'
import { FingerprintCollector, type InspectedFingerprints } from './fingerprints.js'

/** A base BTF in numbers: `types` without void, `strings` in bytes. */
export interface BaseCounts {
  readonly sha256: string
  readonly types: number
  readonly strings: number
  /** docs/fingerprints.md; null where a problem says why. */
  readonly fingerprints: Fingerprints | null
}

/** A kernel as `inspect` shows it. */
export interface InspectedKernel {
  readonly release: string | null
  readonly version: string | null
  readonly config: KernelConfig | null
  readonly base: BaseCounts | null
  readonly buildId: string | null
}

/** A BTF section in numbers; null where it cannot be read as BTF. */
export interface SectionCounts {
  readonly bytes: number
  readonly types: number | null
  readonly strings: number | null
}

/** A module as `inspect` shows it. */
export interface InspectedModule {
  readonly name: string
  readonly file: string
  readonly sha256: string
  readonly vermagic: string | null
  readonly srcversion: string | null
  readonly buildId: string | null
  /**
   * `originStrings` is the string length of the base it was built on, where the module tells it; `stamp` its origin note;
   * `slice` the fingerprint of what it needs of the base beside it, null where that is not its own or there is none.
   */
  readonly btf:
    | (SectionCounts & {
        readonly originStrings: number | null
        readonly stamp: Stamp | null
        readonly slice: string | null
      })
    | null
  readonly distilled: SectionCounts | null
  readonly imports: Iterable<SymbolCrc>
  readonly exports: Iterable<SymbolCrc>
}

/** What is in one artifact, with its keys in the order in which they are printed. */
export interface Inspection {
  readonly file: string
  /** Of the file as it stands; null for a directory. */
  readonly sha256: string | null
  readonly size: number | null
  readonly kind: string
  readonly kernel?: InspectedKernel
  readonly modules?: readonly InspectedModule[]
  readonly problems: readonly Problem[]
}

/** Bytes that tell a format. */
const headBytes = 65536

/**
 * Says what is in an artifact of any form. Several kernels are a problem, `kernel-ambiguous`, and none of them is shown.
 * @throws CliError `file-unreadable`
 */
export async function inspect(
  file: string,
  onProgress: (bytes: number, total: number | null) => void,
): Promise<Inspection> {
  const identity = await identityOf(file)
  const kernels: KernelFacts[] = []
  const configs: ConfigFacts[] = []
  const modules: InspectedModule[] = []
  const problems: Problem[] = []
  const collector = new FingerprintCollector()
  let kind = identity.kind
  const archives = { plain: 0, packed: 0 }
  const onPart = (of: string, compression: string | null) => {
    if (of === file) archives[compression === null ? 'plain' : 'packed']++
  }
  for await (const facts of scan({ path: file }, { onProgress, onPart })) {
    if (facts.type === 'kernel') kernels.push(facts)
    else if (facts.type === 'module') {
      const module = moduleOf(facts)
      modules.push(module)
      // What was built on a distilled base needs nothing of the kernel's.
      if (facts.btf !== null && facts.distilled === null) {
        collector.add(facts.file, facts.btf, module.btf?.originStrings ?? null)
      }
    } else if (facts.type === 'config') configs.push(facts)
    else if (facts.type === 'problem')
      problems.push({ code: facts.code, file: facts.file, at: facts.at, message: facts.message })
    if (facts.file === file && facts.type !== 'problem')
      kind = facts.type === 'kernel' ? facts.kind : facts.type
    else if (isCompression(kind) && facts.file.startsWith(`${file}!`)) kind = `tar.${kind}`
  }
  const kernel = kernelAmong(kernels, configs, (message) =>
    problems.push({ code: 'kernel-ambiguous', file, at: null, message }),
  )
  const fingerprints = collector.finish(kernel, (problem) => problems.push(problem))
  modules.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0))
  return {
    file,
    sha256: identity.sha256,
    size: identity.size,
    // One cpio archive as it stands may be anything; several, or compressed ones, are what a kernel unpacks.
    kind: archives.packed > 0 || archives.plain > 1 ? 'initramfs' : kind,
    ...(kernel === null ? {} : { kernel: kernelOf(kernel, fingerprints) }),
    ...(modules.length === 0 ? {} : { modules: modules.map((module) => withSlice(module, fingerprints)) }),
    problems,
  }
}

/** The one kernel of the input, which may be there in several forms; null where there is none, or more than one. */
function kernelAmong(
  kernels: readonly KernelFacts[],
  configs: readonly ConfigFacts[],
  onAmbiguous: (message: string) => void,
): FoundKernel | null {
  try {
    return onlyKernel(kernels, configs)
  } catch (error) {
    if (!(error instanceof CheckError)) throw error
    onAmbiguous(error.message)
    return null
  }
}

function isCompression(kind: string): boolean {
  return ['gzip', 'xz', 'zstd', 'lz4', 'lzma', 'bzip2', 'lzo'].includes(kind)
}

interface Identity {
  readonly sha256: string | null
  readonly size: number | null
  readonly kind: string
}

async function identityOf(file: string): Promise<Identity> {
  try {
    const stats = await stat(file)
    if (stats.isDirectory()) return { sha256: null, size: null, kind: 'directory' }
    if (!stats.isFile()) throw new Error('it is neither a regular file nor a directory')
    const handle = await open(file)
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0)
      const kind = detectFormat(buffer.subarray(0, bytesRead), file)
      const hash = createHash('sha256')
      for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }))
        hash.update(chunk as Buffer)
      return { sha256: hash.digest('hex'), size: stats.size, kind }
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw new CliError('file-unreadable', `The input cannot be read: ${systemReason(error)}.`, file)
  }
}

function kernelOf(
  { kernel, base: found }: FoundKernel,
  fingerprints: InspectedFingerprints,
): InspectedKernel {
  const { release, version, config, buildId } = kernel
  const counts = found === null ? null : countsOf(found.bytes)
  const base =
    found === null || counts?.types == null || counts.strings === null
      ? null
      : {
          sha256: found.sha256,
          types: counts.types,
          strings: counts.strings,
          fingerprints: fingerprints.base,
        }
  return { release, version, config, base, buildId }
}

function countsOf(bytes: Uint8Array): SectionCounts {
  try {
    const btf = readBtf(bytes)
    return { bytes: bytes.length, types: btf.typeCount, strings: btf.stringsLength }
  } catch (error) {
    if (!(error instanceof BtfError)) throw error
    return { bytes: bytes.length, types: null, strings: null }
  }
}

function moduleOf(facts: ModuleFacts): InspectedModule {
  const { name, file, sha256, vermagic, srcversion, buildId, btf, distilled, stamp, imports, exports } = facts
  return {
    name,
    file,
    sha256,
    vermagic,
    srcversion,
    buildId,
    btf:
      btf === null ? null : { ...countsOf(btf), originStrings: recoverOriginLength(btf), stamp, slice: null },
    distilled: distilled === null ? null : countsOf(distilled),
    imports,
    exports,
  }
}

function withSlice(module: InspectedModule, { slices }: InspectedFingerprints): InspectedModule {
  const slice = slices.get(module.file)
  return slice === undefined || module.btf === null ? module : { ...module, btf: { ...module.btf, slice } }
}
