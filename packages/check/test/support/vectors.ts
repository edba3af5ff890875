import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Path of one of the engine's vectors: two builds, 1.1 and 1.3, of one small kernel and its modules. */
export function vector(name: string): string {
  return fileURLToPath(new URL(`../../../btf/testdata/${name}`, import.meta.url))
}

/** Bytes of one of them. */
export function vectorBytes(name: string): Uint8Array {
  return readFileSync(vector(name))
}
