import { hash } from 'node:crypto'
import type { KernelCompression } from '../bytes/compression.js'
import type { ReadConfig } from '../bytes/config.js'
import { problemOf } from '../bytes/errors.js'
import type { KernelRead } from '../bytes/kernel.js'
import type { FileIdentity } from '../bytes/module.js'
import type { ArtifactFacts, ConfigFacts, KernelFacts } from '../bytes/types.js'
import type { ReleaseClaim } from '../bytes/version.js'
import type { CodecOptions } from '../codec/index.js'
import type { Limits } from '../limits.js'
import type { RawRole } from './raw-btf.js'

/** A config file found in the input, with what `ConfigFacts` does not hold. */
export interface FoundConfig {
  readonly facts: ConfigFacts
  /** Its text is kept only where kernels come with their whole config. */
  readonly read: ReadConfig
}

/** A kernel that waits for the end of the input, where its config may be. */
export type FoundKernel = Omit<KernelRead, 'kernel'> & { readonly kernel: KernelFacts }

/** What one scan carries through the containers of its input. */
export interface ScanContext {
  readonly limits: Limits
  readonly codec: CodecOptions
  readonly signal: AbortSignal
  readonly rawRole: RawRole | undefined
  /** Whether kernels come with their whole config. */
  readonly keepsConfigs: boolean
  /** Called for each archive of a cpio file. */
  readonly onPart: ((file: string, compression: KernelCompression | null) => void) | undefined
  /** Kernels being read, in the order in which they were met; a task never rejects but for faults of the program. */
  readonly kernels: Promise<FoundKernel | ArtifactFacts>[]
  readonly configs: FoundConfig[]
  /** Releases that modules and kernels name, to be held against their paths at the end. */
  readonly claims: ReleaseClaim[]
  /** Files that may be meant for modules by their place and name, and are not looked at: how many, and the first. */
  readonly unread: { count: number; readonly files: string[] }
  /** Failures of streams that a problem was given for: they come up again wherever the stream is read on. */
  readonly reported: WeakSet<object>
  /** Bytes of BTF that are held for the end of the input. */
  held: number
  /** Memory for modules that do not lie in one chunk of their source, one after the other. */
  scratch: Uint8Array
}

/** Identity of a file from its content as it stands. */
export function identify(file: string, bytes: Uint8Array): FileIdentity {
  return { file, sha256: hash('sha256', bytes, 'hex'), size: bytes.length }
}

/** The problem that an error is, for the file in which it came up. An aborted scan ends with the signal's reason instead. */
export function problemFacts(context: ScanContext, error: unknown, file: string): ArtifactFacts {
  context.signal.throwIfAborted()
  return { type: 'problem', ...problemOf(error, file) }
}

/** As `problemFacts`, for what ends a container: nothing where the same failure has been given already. */
export function* endingProblem(context: ScanContext, error: unknown, file: string): Generator<ArtifactFacts> {
  if (typeof error === 'object' && error !== null) {
    if (context.reported.has(error)) return
    context.reported.add(error)
  }
  yield problemFacts(context, error, file)
}

/** Memory of its own for a section, so that the file around it can go. */
export function ownCopy(bytes: Uint8Array | null): Uint8Array | null {
  return bytes === null ? null : new Uint8Array(bytes)
}
