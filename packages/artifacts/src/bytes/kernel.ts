import { ascii, cString, Finder } from './binary.js'
import { findBaseBtf } from './btf-scan.js'
import { bzImagePayload, isBzImage } from './bzimage.js'
import type { KernelCompression } from './compression.js'
import { type ReadConfig, readConfig } from './config.js'
import { type Elf, elfType, readElf } from './elf.js'
import { ArtifactError, problem, problemOf } from './errors.js'
import { detectFormat } from './format.js'
import { readKernelExports } from './kernel-exports.js'
import { byteLimits } from './limits.js'
import type { FileIdentity } from './module.js'
import { buildId } from './notes.js'
import type { SymbolList } from './symbol-list.js'
import type { KernelFacts, KernelKind, Problem } from './types.js'
import { findVermagic } from './vermagic.js'
import { kernelVersion, releaseFromBanner, releaseFromPath } from './version.js'
import { isZboot, zbootPayload } from './zboot.js'

/**
 * Decompresses `payload`; the result has at most `maxSize` bytes, and `size` where that is known (0: not known). Throws
 * `ArtifactError` for what it cannot. Trailing bytes after the end of the format are not an error.
 */
export type Decompress = (
  format: KernelCompression,
  payload: Uint8Array,
  size: number,
  maxSize: number,
) => Uint8Array | Promise<Uint8Array>

/** A kernel's facts as its own image tells them; `btf` is a subarray of the (decompressed) image. */
export interface KernelRead {
  readonly kernel: KernelFacts
  /** The config in the image (IKCONFIG), with its version; null where there is none. */
  readonly config: ReadConfig | null
  /**
   * A bzImage's `kernel_version` (`6.1.0-56-amd64 (…) #1 SMP …`): a banner where the kernel itself
   * shows none; null or absent elsewhere.
   */
  readonly setupVersion?: string | null
  readonly problems: Problem[]
}

const linuxVersion = new Finder(ascii('Linux version '))
const configStart = new Finder(ascii('IKCFG_ST'))
const configEnd = new Finder(ascii('IKCFG_ED'))
const btfName = ascii('.BTF')
const rodataName = ascii('.rodata')

/** `Linux version RELEASE (…) … #N`, asked piece by piece: one expression for all of it could be made to backtrack. */
function isBanner(line: string): boolean {
  const afterRelease = line.indexOf(' ', 14)
  if (afterRelease < 0 || !/^\d+\.\d/.test(line.slice(14, afterRelease))) return false
  return line[afterRelease + 1] === '(' && line.includes(')', afterRelease) && / #\d/.test(line)
}

/**
 * The banner: `Linux version RELEASE (builder) (compiler) #N …`. Format strings (`Linux version %s`) and texts that only
 * mention the words are passed over. Looks in `bytes` from start to end; null if there is none.
 */
export function findBanner(bytes: Uint8Array): string | null {
  let at = linuxVersion.find(bytes, 0)
  for (let tried = 0; at >= 0 && tried < byteLimits.textCandidates; tried++) {
    const line = cString(bytes, at, bytes.length, byteLimits.bannerBytes).split('\n', 1)[0]!
    if (isBanner(line)) return line.trimEnd()
    at = linuxVersion.find(bytes, at + 14)
  }
  return null
}

/** The gzipped config between `IKCFG_ST` and `IKCFG_ED` (kernel/configs.c), as a subarray; null if there is none. */
export function findEmbeddedConfig(bytes: Uint8Array): Uint8Array | null {
  let end = 0
  let at = configStart.find(bytes, 0)
  for (let tried = 0; at >= 0 && tried < byteLimits.textCandidates; tried++) {
    const start = at + 8
    if (bytes[start] === 0x1f && bytes[start + 1] === 0x8b) {
      // Looked for once for all starts before it, so that many starts cost no more than one.
      if (end < start) end = configEnd.find(bytes, start)
      if (end < 0) return null
      if (end - start <= byteLimits.configBytes) return bytes.subarray(start, end)
    }
    at = configStart.find(bytes, start)
  }
  return null
}

/** What an uncompressed kernel holds. */
interface Contents {
  readonly kind: KernelKind
  readonly btf: Uint8Array | null
  /** There is a `.BTF`, but in a compressed section, which no kernel is linked with. */
  readonly btfCompressed: boolean
  readonly banner: string | null
  readonly embeddedConfig: Uint8Array | null
  readonly buildId: string | null
  readonly machine: string
  readonly elfMachine: number | null
  /** null where there are no tables, or, with `exportsUnreadable`, none that can be read. */
  readonly exports: SymbolList | null
  readonly exportsUnreadable: boolean
  /** Looks for the vermagic of a release. */
  vermagicOf(release: string): string | null
}

/** `.rodata` first: it is where the banner and the config are; then everything, as a section may be called otherwise. */
function inRodata<T>(elf: Elf, find: (bytes: Uint8Array) => T | null): T | null {
  const section = elf.find(rodataName)
  if (section !== null && !section.compressed) {
    const found = find(elf.content(section))
    if (found !== null) return found
  }
  return find(elf.bytes)
}

function vmlinuxContents(bytes: Uint8Array): Contents {
  const elf = readElf(bytes)
  if (elf.type !== elfType.executable && elf.type !== elfType.shared)
    throw new ArtifactError('elf-unsupported', 'e_type', 'The file is not linked, as kernels are')
  elf.checkSections()
  const section = elf.find(btfName)
  const compressed = section?.compressed === true
  const btf = section === null || compressed ? null : elf.content(section)
  const exports = readKernelExports(elf)
  return {
    kind: 'vmlinux',
    // An image without section headers (stripped, or dumped from memory) may still hold its BTF.
    btf: btf === null && elf.sectionCount === 0 ? findBaseBtf(bytes, elf.little) : btf,
    btfCompressed: compressed,
    banner: inRodata(elf, findBanner),
    embeddedConfig: inRodata(elf, findEmbeddedConfig),
    buildId: buildId(elf),
    machine: `${elf.little ? 'little' : 'big'}-${elf.bits}`,
    elfMachine: elf.machine,
    exports: exports.symbols.length === 0 ? null : exports.symbols,
    exportsUnreadable: exports.unreadable,
    vermagicOf: (release) => inRodata(elf, (part) => findVermagic(part, release)),
  }
}

/** `e_machine` of the kernels whose flat images have a header of their own (elf-em.h: EM_AARCH64, EM_RISCV). */
const machines = { arm64: 183, riscv: 243 } as const

/**
 * A flat image has no sections: its BTF is found by its header. Bit 0 of the flags in an arm64 or riscv header is the byte
 * order; others, as loongarch's, have no such header and are little endian.
 */
function imageContents(bytes: Uint8Array, elfMachine: number | null): Contents {
  const little = elfMachine === null || ((bytes[0x18] ?? 0) & 1) === 0
  return {
    kind: 'image',
    btf: findBaseBtf(bytes, little),
    btfCompressed: false,
    banner: findBanner(bytes),
    embeddedConfig: findEmbeddedConfig(bytes),
    buildId: null,
    machine: `${little ? 'little' : 'big'}-64`,
    elfMachine,
    exports: null,
    exportsUnreadable: false,
    vermagicOf: (release) => findVermagic(bytes, release),
  }
}

/** Reads an uncompressed kernel: vmlinux (ELF), or a flat `Image`; what zboot holds is one, whether it has a magic or not. */
function contentsOf(bytes: Uint8Array, inZboot: boolean): Contents {
  const format = detectFormat(bytes)
  if (format === 'elf') return vmlinuxContents(bytes)
  if (format === 'arm64-image') return imageContents(bytes, machines.arm64)
  if (format === 'riscv-image') return imageContents(bytes, machines.riscv)
  if (inZboot) return imageContents(bytes, null)
  throw new ArtifactError('kernel-image-unsupported', null, 'It is neither vmlinux, bzImage nor Image')
}

/** The config in the image; what cannot be read of it is a problem, since the rest of the kernel can be used. */
async function embeddedConfig(
  contents: Contents,
  file: string,
  decompress: Decompress,
  problems: Problem[],
): Promise<ReadConfig | null> {
  if (contents.embeddedConfig === null) return null
  try {
    const packed = contents.embeddedConfig
    return readConfig(await decompress('gzip', packed, 0, byteLimits.configBytes))
  } catch (error) {
    problems.push({ ...problemOf(error, file), at: 'IKCONFIG' })
    return null
  }
}

/**
 * Reads a kernel image: vmlinux, bzImage or EFI zboot (the payload is decompressed by `decompress`), or a flat `Image`. Facts
 * that the image itself does not tell (a config file beside it) are the caller's to add: see `kernelVersion`. A kernel
 * without BTF is a kernel, with the problem `btf-absent`. Throws `ArtifactError` for what is no usable kernel.
 */
export async function readKernelImage(
  bytes: Uint8Array,
  identity: FileIdentity,
  decompress: Decompress,
): Promise<KernelRead> {
  const { file } = identity
  let setupVersion: string | null = null
  let image = bytes
  let packedKind: KernelKind | null = null
  if (isBzImage(bytes)) {
    packedKind = 'bzimage'
    const { format, payload, size, kernelVersion: version } = bzImagePayload(bytes)
    setupVersion = version
    image = await decompress(format, payload, size, Math.min(size, byteLimits.kernelBytes))
    if (image.length !== size)
      throw new ArtifactError(
        'kernel-image-malformed',
        'payload',
        `It has ${image.length} bytes, not ${size}`,
      )
  }
  if (isZboot(bytes)) {
    packedKind = 'efi-zboot'
    const { format, payload, size } = zbootPayload(bytes)
    image = await decompress(format, payload, size, byteLimits.kernelBytes)
  }
  const contents = contentsOf(image, packedKind === 'efi-zboot')
  const problems: Problem[] = []
  if (contents.btfCompressed) problems.push(problem('section-compressed', file, '.BTF'))
  else if (contents.btf === null || contents.btf.length === 0)
    problems.push(problem('btf-absent', file, '.BTF'))
  if (contents.exportsUnreadable) problems.push(problem('exports-unknown', file, '__ksymtab'))
  const config = await embeddedConfig(contents, file, decompress, problems)
  const named = contents.banner ?? setupVersion
  const bannerRelease = named === null ? null : releaseFromBanner(named)
  const setupRelease = setupVersion === null ? null : releaseFromBanner(setupVersion)
  if (setupRelease !== null && setupRelease !== bannerRelease)
    problems.push(
      problem(
        'version-contradicts',
        file,
        'setup header',
        `The banner says ${bannerRelease}, the setup header ${setupRelease}`,
      ),
    )
  const pathRelease = releaseFromPath(file)
  const told = kernelVersion({
    file,
    configVersion: config?.version ?? null,
    signature: config?.signature ?? null,
    banner: named,
    release: pathRelease,
  })
  // A version that only a config file beside the image can tell is not missing yet.
  problems.push(...told.problems.filter((entry) => entry.code !== 'version-unknown'))
  const kernel: KernelFacts = {
    type: 'kernel',
    kind: packedKind ?? contents.kind,
    file,
    sha256: identity.sha256,
    size: identity.size,
    release: bannerRelease ?? pathRelease,
    version: told.version,
    banner: contents.banner,
    config: config?.config ?? null,
    buildId: contents.buildId,
    machine: contents.machine,
    elfMachine: contents.elfMachine,
    btf: contents.btf !== null && contents.btf.length > 0 ? contents.btf : null,
    vermagic: bannerRelease === null ? null : contents.vermagicOf(bannerRelease),
    exports: contents.exports,
  }
  return { kernel, config, setupVersion, problems }
}

/**
 * The facts of a raw BTF file taken as a kernel's base BTF (`/sys/kernel/btf/vmlinux`, `NAME.btf`): bytes and nothing
 * else, since the format names no version. Throws `btf-malformed` when the magic is missing.
 */
export function readRawBtf(bytes: Uint8Array, identity: FileIdentity): KernelFacts {
  if (detectFormat(bytes, '.btf') !== 'raw-btf')
    throw new ArtifactError('btf-malformed', 'byte 0', 'No BTF magic')
  return {
    type: 'kernel',
    kind: 'raw-btf',
    file: identity.file,
    sha256: identity.sha256,
    size: identity.size,
    release: null,
    version: null,
    banner: null,
    config: null,
    buildId: null,
    machine: null,
    elfMachine: null,
    btf: bytes,
    vermagic: null,
    exports: null,
  }
}
