import { type Dirent, readlinkSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ArtifactError } from '../bytes/errors.js'
import { Member, type UnreadMember } from '../container/member.js'
import type { Limits } from '../limits.js'
import { regularFileBytes, unreadable } from '../source/file.js'
import { ByteReader } from '../source/reader.js'

/** One directory of an input, with its regular files and its links in the order of their names. */
export interface Folder {
  /** Path below the input, empty for the input itself. */
  readonly path: string
  readonly files: AsyncIterable<Member | UnreadMember>
}

/** Order of names by their code units: the same on every machine. */
function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}

/**
 * The directories at and below `root`, each before those in it, sorted; links, pipes, sockets and devices are only named.
 * `wrap` goes around the bytes of each file. A directory that cannot be read is handed to `onProblem` with its path.
 * Throws `limit-exceeded` for too many files or too deep a tree.
 */
export async function* folders(
  root: string,
  limits: Limits,
  wrap: (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
  onProblem: (error: ArtifactError, path: string) => void,
): AsyncGenerator<Folder> {
  const waiting: { path: string; depth: number }[] = [{ path: '', depth: 0 }]
  let count = 0
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { path, depth } = next
    let entries: Dirent[]
    try {
      entries = (await readdir(join(root, path), { withFileTypes: true })).sort(byName)
    } catch (error) {
      onProblem(unreadable(error), path)
      continue
    }
    count += entries.length
    if (count > limits.members)
      throw new ArtifactError('limit-exceeded', path, 'The directory holds too many files')
    if (depth > limits.directoryDepth)
      throw new ArtifactError('limit-exceeded', path, 'The directory is too deep')
    const inside = (name: string) => (path === '' ? name : `${path}/${name}`)
    const below = entries.filter((entry) => entry.isDirectory())
    for (const entry of below.reverse()) waiting.push({ path: inside(entry.name), depth: depth + 1 })
    const files = entries.filter((entry) => !entry.isDirectory())
    yield { path, files: filesOf(root, files, inside, wrap, onProblem) }
  }
}

async function* filesOf(
  root: string,
  files: readonly Dirent[],
  inside: (name: string) => string,
  wrap: (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
  onProblem: (error: ArtifactError, path: string) => void,
): AsyncGenerator<Member | UnreadMember> {
  for (const entry of files) {
    const path = inside(entry.name)
    let size: number
    try {
      if (entry.isSymbolicLink()) {
        yield { unread: path, why: 'symbolic-link', target: readlinkSync(join(root, path)) }
        continue
      }
      if (!entry.isFile()) {
        yield { unread: path, why: 'special' }
        continue
      }
      size = statSync(join(root, path)).size
    } catch (error) {
      onProblem(unreadable(error), path)
      continue
    }
    const reader = new ByteReader(wrap(regularFileBytes(join(root, path), size)))
    try {
      yield new Member(path, size, reader)
    } finally {
      await reader.close()
    }
  }
}
