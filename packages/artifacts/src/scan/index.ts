import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { KernelCompression } from '../bytes/compression.js'
import { ArtifactError } from '../bytes/errors.js'
import type { ArtifactFacts } from '../bytes/types.js'
import { findTools, type Tools } from '../codec/index.js'
import { Member, type UnreadMember } from '../container/member.js'
import { limits as defaultLimits, type Limits } from '../limits.js'
import { fileBytes, regularFileBytes, unreadable, watched } from '../source/file.js'
import { ByteReader } from '../source/reader.js'
import { problemFacts, type ScanContext } from './context.js'
import { folders } from './directory.js'
import { finish } from './finish.js'
import { interestOf } from './interest.js'
import { basesOf, type RawRole } from './raw-btf.js'
import { walkAny, walkMembers } from './walk.js'

/** What is scanned: a file or directory, or a stream with the name of the file that it is. */
export type Input =
  | { readonly path: string }
  | { readonly name: string; readonly stream: AsyncIterable<Uint8Array> }

/** How a scan is done; everything has a default. */
export interface ScanOptions {
  /** Limits that differ from the usual ones. */
  readonly limits?: Partial<Limits>
  /** Ends the scan: it throws the signal's reason, and no child process is left. */
  readonly signal?: AbortSignal
  /** Called as the input is read, with the bytes so far and, for a file, its size. */
  readonly onProgress?: (bytes: number, total: number | null) => void
  /**
   * Called for each archive of a cpio file, as an initramfs image is: with the file, and what the archive is compressed with or
   * null.
   */
  readonly onPart?: (file: string, compression: KernelCompression | null) => void
  /** Shown in `file` in place of the path or name. */
  readonly name?: string
  /** What a raw BTF is taken for; without it, its name and strings decide. */
  readonly rawBtf?: RawRole
  /** Kernels come with the text of their config. */
  readonly configText?: boolean
  /** Decompressors beside Node; without it, those on the search path. */
  readonly tools?: Tools
}

/**
 * Reads an artifact of any form and gives what is in it as it comes: raw BTF, vmlinux, bzImage, flat Image, module, config;
 * alone, compressed, or in a `.deb`, `.rpm`, tar, initramfs image or directory. Modules and configs come in the order of the input; kernels
 * come at its end, with the config of their release wherever in the input that is, and so do contradictions of versions.
 *
 * Nothing is extracted, and one member is in memory at a time (compressed modules: a few). A problem of a member is given as
 * `ProblemFacts`, and the rest goes on; what is whole in a truncated archive is given, and a problem after it. Only an
 * aborted scan and an error of the given stream are thrown.
 */
export async function* scan(input: Input, options: ScanOptions = {}): AsyncGenerator<ArtifactFacts> {
  const limits: Limits = { ...defaultLimits, ...options.limits }
  const ending = new AbortController()
  const signal =
    options.signal === undefined ? ending.signal : AbortSignal.any([ending.signal, options.signal])
  const tools = options.tools ?? (await findTools())
  const context: ScanContext = {
    limits,
    codec: { limits, signal, tools },
    signal,
    rawRole: options.rawBtf,
    keepsConfigs: options.configText === true,
    onPart: options.onPart,
    kernels: [],
    configs: [],
    claims: [],
    unread: { count: 0, files: [] },
    reported: new WeakSet(),
    held: 0,
    scratch: new Uint8Array(1 << 20),
  }
  try {
    signal.throwIfAborted()
    yield* walkInput(context, input, options)
    yield* finish(context)
  } finally {
    // Whoever stops listening early leaves no child behind.
    ending.abort()
  }
}

async function* walkInput(
  context: ScanContext,
  input: Input,
  options: ScanOptions,
): AsyncGenerator<ArtifactFacts> {
  let read = 0
  const watch = (bytes: AsyncIterable<Uint8Array>, total: number | null) =>
    watched(bytes, context.signal, (count) => {
      read += count
      options.onProgress?.(read, total)
    })
  if ('stream' in input) {
    yield* walkStream(context, watch(input.stream, null), options.name ?? input.name)
    return
  }
  const file = options.name ?? input.path
  try {
    const { size, isFolder } = await statOf(input.path)
    if (isFolder) yield* walkFolder(context, input.path, file, (bytes) => watch(bytes, null))
    else if (isSingle(input.path))
      yield* walkSingle(context, input.path, file, size, (bytes) => watch(bytes, size))
    else yield* walkStream(context, watch(fileBytes(input.path), size), file)
  } catch (error) {
    yield problemFacts(context, error, file)
  }
}

async function statOf(path: string): Promise<{ size: number; isFolder: boolean }> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(error)
  })
  const isFolder = found.isDirectory()
  // Opening a pipe would wait for a writer, and a device may never end.
  if (!isFolder && !found.isFile()) {
    throw new ArtifactError('file-unreadable', null, 'It is neither a regular file nor a directory')
  }
  return { size: found.size, isFolder }
}

/** Modules and raw BTFs by name are read as members of their directory, which costs no child process each. */
function isSingle(path: string): boolean {
  const interest = interestOf(path)
  return interest === 'module' || interest === 'raw-btf'
}

async function* walkStream(
  context: ScanContext,
  bytes: AsyncIterable<Uint8Array>,
  file: string,
): AsyncGenerator<ArtifactFacts> {
  const reader = new ByteReader(bytes)
  try {
    yield* walkAny(context, reader, file, 0)
  } finally {
    await reader.close()
  }
}

type Wrap = (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>

/** One file and, for a raw `NAME.btf`, the `NAME.base` beside it. */
async function* walkSingle(
  context: ScanContext,
  path: string,
  file: string,
  size: number,
  wrap: Wrap,
): AsyncGenerator<ArtifactFacts> {
  // The stream is closed as soon as the file has been read: there may be thousands of such inputs.
  async function* member(one: string, bytes: number): AsyncGenerator<Member> {
    const reader = new ByteReader(wrap(regularFileBytes(one, bytes)))
    try {
      yield new Member(one, bytes, reader)
    } finally {
      await reader.close()
    }
  }
  async function* members(): AsyncGenerator<Member | UnreadMember> {
    for (const base of basesOf(path)) {
      const found = await stat(base).catch(() => null)
      if (found?.isFile() === true) yield* member(base, found.size)
      else if (found?.isDirectory() === false) yield { unread: base, why: 'special' }
    }
    yield* member(path, size)
  }
  yield* walkMembers(context, members(), file, (one) => (one === path ? file : one), 0)
}

async function* walkFolder(
  context: ScanContext,
  path: string,
  file: string,
  wrap: Wrap,
): AsyncGenerator<ArtifactFacts> {
  const problems: ArtifactFacts[] = []
  const nameOf = (member: string) => join(file, member)
  const found = folders(path, context.limits, wrap, (error, where) => {
    problems.push(problemFacts(context, error, nameOf(where)))
  })
  for await (const folder of found) {
    yield* walkMembers(context, folder.files, nameOf(folder.path), nameOf, 0)
    yield* problems.splice(0)
  }
  yield* problems
}
