import { type Dirent, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ArtifactError } from '../bytes/errors.js'
import { Member } from '../container/member.js'
import type { Limits } from '../limits.js'
import { regularFileBytes, unreadable } from '../source/file.js'
import { ByteReader } from '../source/reader.js'

/** One directory of an input, with its regular files in the order of their names. */
export interface Folder {
  /** Path below the input, empty for the input itself. */
  readonly path: string
  readonly files: AsyncIterable<Member>
}

/** Order of names by their code units: the same on every machine. */
function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}

/**
 * The directories at and below `root`, each before those in it, sorted; links are not followed and devices not opened.
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
    const names = entries.filter((entry) => entry.isFile()).map((entry) => inside(entry.name))
    yield { path, files: filesOf(root, names, wrap, onProblem) }
  }
}

async function* filesOf(
  root: string,
  paths: readonly string[],
  wrap: (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
  onProblem: (error: ArtifactError, path: string) => void,
): AsyncGenerator<Member> {
  for (const path of paths) {
    let size: number
    try {
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
