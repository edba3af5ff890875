import { createHash } from 'node:crypto'
import { isLz4Legacy, type KernelCompression } from '../bytes/compression.js'
import { ArtifactError } from '../bytes/errors.js'
import { detectFormat, type Format } from '../bytes/format.js'
import type { ArtifactFacts } from '../bytes/types.js'
import { decompressStream } from '../codec/index.js'
import { cpioMembers } from '../container/cpio.js'
import { readDeb } from '../container/deb.js'
import { initramfsMembers } from '../container/initramfs.js'
import type { Member, UnreadMember } from '../container/member.js'
import { readRpm } from '../container/rpm.js'
import { tarMembers } from '../container/tar.js'
import { ByteReader } from '../source/reader.js'
import { endingProblem, identify, problemFacts, type ScanContext } from './context.js'
import {
  configFacts,
  isCompressed,
  isCompression,
  moduleFacts,
  type Outcome,
  plainPath,
  readContent,
  readFile,
} from './files.js'
import { type Interest, interestOf, isLikeModule } from './interest.js'
import { Lane } from './lane.js'
import { showsUnread } from './links.js'
import { pairRawBtfs, type RawBtf } from './raw-btf.js'

type Facts = AsyncGenerator<ArtifactFacts>

/** Bytes from the start of a file that tell its format, but for configs without kconfig's first line. */
const headBytes = 4096

/** Keeps a kernel that is known already for the end of the input. */
function addRawKernels(context: ScanContext, raws: readonly RawBtf[]): Generator<ArtifactFacts> {
  return pairRawBtfs(raws, context.rawRole, (kernel) => {
    context.kernels.push(Promise.resolve({ kernel, config: null, problems: [] }))
  })
}

/**
 * Walks members that were met one after the other: those of an archive, or the files of a directory. `nameOf` gives the
 * `file` of a member. A problem of one member is reported and the rest goes on; a problem of the archive itself is
 * reported for `file` and ends it. `layer` is the number of containers that its members are in.
 */
export async function* walkMembers(
  context: ScanContext,
  members: AsyncIterable<Member | UnreadMember>,
  file: string,
  nameOf: (path: string) => string,
  layer: number,
): Facts {
  const raws: RawBtf[] = []
  const lane = new Lane(context.limits)
  try {
    for await (const member of members) {
      context.signal.throwIfAborted()
      if ('unread' in member) {
        const name = nameOf(member.unread)
        if (isMissed(member, name)) yield unreadProblem(context, member, name)
        continue
      }
      const interest = interestOf(member.path) ?? (await rawByMagic(member))
      const name = nameOf(member.path)
      if (interest === null) {
        if (isLikeModule(member.path)) noteUnread(context, name)
        continue
      }
      if (interest === 'package') {
        yield* lane.empty()
        yield* walkNested(context, member, name, layer)
        continue
      }
      const tooLarge = sizeProblem(context, member, interest, name)
      const reading = tooLarge === null ? await readMember(context, member, interest, name) : [tooLarge]
      if (Array.isArray(reading) && lane.isEmpty) for (const facts of reading) yield facts
      else yield* lane.put(keepRaw(reading, raws), member.size)
    }
  } catch (error) {
    yield* lane.empty()
    yield* endingProblem(context, error, file)
  }
  yield* lane.empty()
  yield* addRawKernels(context, raws)
}

/** Files that are named where they are told of. */
const mostNamed = 3

function noteUnread({ unread }: ScanContext, file: string): void {
  unread.count++
  if (unread.files.length < mostNamed) unread.files.push(file)
}

/** Facts of a file, or what will become of one that is being decompressed. */
type Reading = ArtifactFacts[] | { readonly pending: Promise<Outcome> }

/** Splits an outcome: raw BTFs are kept for what stands beside them, facts go on. */
function keepRaw(reading: Reading, raws: RawBtf[]): ArtifactFacts[] | Promise<ArtifactFacts[]> {
  if (Array.isArray(reading)) return reading
  return reading.pending.then((outcome) => {
    if (outcome.is === 'facts') return outcome.facts
    raws.push(outcome.raw)
    return []
  })
}

/**
 * Whether something is missing without the content of a member: a module under each of its hard links, as each is loaded by its
 * own folder's kernel; a pipe, socket or device by its name alone; of symbolic links, see `showsUnread`; of other links, what is not read under its other name, or in a package of its own.
 */
function isMissed(member: UnreadMember, name: string): boolean {
  const interest = interestOf(member.unread)
  switch (member.why) {
    case 'sparse':
      return interest !== null
    case 'special':
      return interest !== null || isLikeModule(name)
    case 'symbolic-link':
      return showsUnread(name, member.target)
    default:
      return interest === 'module' || (interest !== null && interest !== interestOf(member.target))
  }
}

/** The start of what a link names. */
function shownTarget(target: string): string {
  return target.length > 256 ? `${target.slice(0, 256)}…` : target
}

function unreadProblem(context: ScanContext, member: UnreadMember, name: string): ArtifactFacts {
  return problemFacts(context, unreadError(member), name)
}

function unreadError(member: UnreadMember): ArtifactError {
  switch (member.why) {
    case 'sparse':
      return new ArtifactError(
        'archive-malformed',
        null,
        'The member is stored as a sparse file, which packages are not',
      )
    case 'special':
      return new ArtifactError('file-unreadable', null, 'It is a pipe, a socket or a device')
    default:
      return new ArtifactError(
        'link-unread',
        null,
        `It is a ${member.why === 'hard-link' ? 'hard' : 'symbolic'} link to ${shownTarget(member.target)}`,
      )
  }
}

/** A file without a telling name that starts as raw BTF does. */
async function rawByMagic(member: Member): Promise<Interest | null> {
  if (member.size < 24) return null
  return detectFormat(await member.peek(4)) === 'raw-btf' ? 'raw-btf' : null
}

function maxBytesOf(context: ScanContext, interest: Interest): number {
  const { kernelBytes, moduleBytes, configBytes, symversBytes } = context.limits
  if (interest === 'config') return configBytes
  if (interest === 'symvers') return symversBytes
  return interest === 'module' ? moduleBytes : kernelBytes
}

function sizeProblem(
  context: ScanContext,
  member: Member,
  interest: Interest,
  name: string,
): ArtifactFacts | null {
  if (member.size <= maxBytesOf(context, interest)) return null
  return problemFacts(
    context,
    new ArtifactError('limit-exceeded', null, `The file has ${member.size} bytes`),
    name,
  )
}

/** Reads a member that is no container. Plain modules are read where they lie and are done with when this returns. */
async function readMember(
  context: ScanContext,
  member: Member,
  interest: Interest,
  name: string,
): Promise<Reading> {
  if (interest === 'module' && !isCompressed(await member.peek(16))) {
    const memory = () => {
      if (context.scratch.length < member.size) context.scratch = new Uint8Array(Math.ceil(member.size * 1.5))
      return context.scratch.subarray(0, member.size)
    }
    return member.lend(memory, (bytes) => moduleFacts(context, bytes, identify(name, bytes)))
  }
  if (interest === 'kernel') await context.kernels.at(-1)
  const bytes = await member.bytes()
  const identity = identify(name, bytes)
  if (interest === 'config') return configFacts(context, bytes, identity)
  return { pending: readFile(context, bytes, identity, maxBytesOf(context, interest)) }
}

/** A package within an archive or a directory. */
async function* walkNested(context: ScanContext, member: Member, file: string, layer: number): Facts {
  const reader = new ByteReader(member.stream())
  try {
    yield* walkAny(context, reader, file, layer)
  } finally {
    await reader.close()
  }
}

const containers: readonly Format[] = ['deb', 'rpm', 'tar', 'cpio']

/**
 * Walks a stream of any form, told by its first bytes: a container, a compressed one, or a single file. `layer` is the
 * number of containers it is in. What is wrong is reported for `file`; only an aborted scan, and faults of the program
 * or of the caller's stream, are thrown.
 */
export async function* walkAny(context: ScanContext, reader: ByteReader, file: string, layer: number): Facts {
  try {
    await reader.fill(headBytes)
    const format = detectFormat(reader.peek(headBytes), file)
    if (containers.includes(format)) yield* walkContainer(context, reader, format, file, layer, null)
    else if (isStreamed(format, reader)) {
      yield* walkCompressed(context, reader, format, file, layer)
    } else {
      const bytes = await readAll(reader, context.limits.kernelBytes)
      yield* settle(
        context,
        await readFile(context, bytes, identify(file, bytes), context.limits.kernelBytes),
      )
    }
  } catch (error) {
    yield* endingProblem(context, error, file)
  }
}

/** Compression that is decoded as it comes: all but LZ4 in frames. */
function isStreamed(format: Format, reader: ByteReader): format is KernelCompression {
  return isCompression(format) && (format !== 'lz4' || isLz4Legacy(reader.peek(4)))
}

async function* walkContainer(
  context: ScanContext,
  reader: ByteReader,
  format: Format,
  file: string,
  layer: number,
  compression: KernelCompression | null,
): Facts {
  const { limits, codec } = context
  if (layer >= limits.layers) {
    throw new ArtifactError('nested-too-deep', null, `It is in ${layer} other archives`)
  }
  const nameOf = (path: string) => `${file}!${path}`
  const walk = (members: AsyncIterable<Member | UnreadMember>) =>
    walkMembers(context, members, file, nameOf, layer + 1)
  if (format === 'deb') yield* readDeb(reader, limits, codec, (tar) => walk(tarMembers(tar, limits)))
  else if (format === 'rpm') {
    yield* readRpm(reader, limits, codec, (cpio, listed) => walk(cpioMembers(cpio, limits, listed)))
  } else if (format === 'tar') {
    yield* walk(tarMembers(reader, limits))
    await reader.drain()
  } else {
    const onPart = (packed: KernelCompression | null) => context.onPart?.(file, packed ?? compression)
    yield* walk(initramfsMembers(reader, limits, codec, { unpacked: compression !== null, onPart }))
  }
}

/** A compressed tar, or a single compressed file. The SHA-256 of the latter is of the file as it stands. */
async function* walkCompressed(
  context: ScanContext,
  reader: ByteReader,
  format: KernelCompression,
  file: string,
  layer: number,
): Facts {
  const { limits, codec } = context
  const sha256 = createHash('sha256')
  let size = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const part of reader.rest()) {
      sha256.update(part)
      size += part.length
      yield part
    }
  }
  const inner = new ByteReader(decompressStream(format, counted(), limits.payloadBytes, codec))
  try {
    await inner.fill(headBytes)
    const innerFormat = detectFormat(inner.peek(headBytes), plainPath(file))
    if (containers.includes(innerFormat)) {
      yield* walkContainer(context, inner, innerFormat, file, layer, format)
      return
    }
    const content = await readAll(inner, limits.kernelBytes)
    const identity = { file, sha256: sha256.digest('hex'), size }
    yield* settle(context, readContent(context, content, identity, plainPath(file)))
  } finally {
    await inner.close()
  }
}

/** A single file has nothing beside it. */
function* settle(context: ScanContext, outcome: Outcome): Generator<ArtifactFacts> {
  if (outcome.is === 'facts') yield* outcome.facts
  else yield* addRawKernels(context, [outcome.raw])
}

/** Reads to the end. Throws `limit-exceeded` above `maxBytes`. */
async function readAll(reader: ByteReader, maxBytes: number): Promise<Uint8Array> {
  let bytes = new Uint8Array(headBytes)
  let size = 0
  for await (const part of reader.rest()) {
    if (size + part.length > maxBytes) {
      throw new ArtifactError('limit-exceeded', null, `The file has more than ${maxBytes} bytes`)
    }
    if (size + part.length > bytes.length) {
      const larger = new Uint8Array(Math.min(maxBytes, Math.max(size + part.length, bytes.length * 2)))
      larger.set(bytes.subarray(0, size))
      bytes = larger
    }
    bytes.set(part, size)
    size += part.length
  }
  return bytes.slice(0, size)
}
