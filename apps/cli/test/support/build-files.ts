import { copyFileSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { vector } from './vectors.js'

/**
 * The kernel and the two modules of a build of the vectors. The kernel is copied below a folder, under a name that tells no release:
 * that of its vector is another than its own.
 */
export function buildFiles(folder: string, build: string): string[] {
  const kernel = path.join(folder, build, 'vmlinux')
  mkdirSync(path.dirname(kernel), { recursive: true })
  copyFileSync(vector(`vmlinux-${build}`), kernel)
  return [kernel, ...[`teapot-${build}.ko`, `saucer-${build}.ko`].map(vector)]
}
