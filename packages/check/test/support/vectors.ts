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

const block = 512

/** A tar (ustar) of these files, as packages are made. */
export function tarOf(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const parts: Uint8Array[] = []
  for (const [name, bytes] of Object.entries(files)) {
    const header = Buffer.alloc(block)
    header.write(name, 0)
    header.write('0000644\0', 100)
    header.write('0000000\0', 108)
    header.write('0000000\0', 116)
    header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124)
    header.write('00000000000\0', 136)
    header.write('        0', 148)
    header.write('ustar\x0000', 257)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    parts.push(header, bytes, new Uint8Array(-bytes.length & (block - 1)))
  }
  return Buffer.concat([...parts, new Uint8Array(2 * block)])
}

/** A cpio archive of these files, in the form that kernels unpack. */
export function cpioOf(files: Readonly<Record<string, Uint8Array>>): Buffer {
  const hex = (value: number) => value.toString(16).padStart(8, '0')
  const padded = (bytes: Uint8Array) => Buffer.concat([bytes, new Uint8Array(-bytes.length & 3)])
  const parts = Object.entries({ ...files, 'TRAILER!!!': new Uint8Array(0) }).flatMap(([name, bytes]) => {
    const fields = [0, 0o100644, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, name.length + 1, 0]
    return [padded(Buffer.from(`070701${fields.map(hex).join('')}${name}\0`)), padded(bytes)]
  })
  return Buffer.concat(parts)
}
