import path from 'node:path'

/**
 * A file of the engine's vectors: two builds, 1.1 and 1.3, of a small kernel. On the kernel of the other build the module
 * `teapot` is refused, and `saucer` is accepted and misread.
 */
export function vector(name: string): string {
  return path.resolve(import.meta.dirname, '../../../../packages/btf/testdata', name)
}

/** An ELF file as if it had no section of this name: it has another. */
export function withoutSection(bytes: Uint8Array, name: string): Buffer {
  const text = Buffer.from(bytes).toString('latin1')
  return Buffer.from(text.replace(`\0${name}\0`, `\0${'x'.repeat(name.length)}\0`), 'latin1')
}
