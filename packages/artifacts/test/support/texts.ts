import { readFileSync } from 'node:fs'

function numbersTo(last: number): string {
  return Array.from({ length: last }, (_, i) => `${i + 1}\n`).join('')
}

/** The texts that scripts/fixtures/zstd.sh compresses. */
export const zstdTexts: Readonly<Record<string, Buffer>> = {
  numbers: Buffer.from(numbersTo(4000)),
  zeros: Buffer.alloc(300_000),
  one: Buffer.from('a'),
  empty: Buffer.alloc(0),
}

/** The texts that scripts/fixtures/compression.sh compresses. */
export const texts: Readonly<Record<string, Buffer>> = {
  ...zstdTexts,
  many: Buffer.from(numbersTo(25_000)),
  long: Buffer.from(numbersTo(4000).repeat(100)),
}

/** A committed file of another program's making. */
export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../testdata/${name}`, import.meta.url)))
}

/** A committed file of zstd's own making. */
export function zstdFixture(name: string): Uint8Array {
  return fixture(`${name}.zst`)
}

/** A frame of stored blocks, which needs no compressor; `size: false` leaves its size out. */
export function storedZstd(content: Uint8Array, size = true): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd])]
  // A window of 1 MiB, and a size of four bytes if one is named.
  const header = Buffer.alloc(size ? 6 : 2)
  header[0] = size ? 0x80 : 0
  header[1] = 0x50
  if (size) header.writeUInt32LE(content.length, 2)
  parts.push(header)
  for (let at = 0; at === 0 || at < content.length; at += 1 << 17) {
    const block = content.subarray(at, at + (1 << 17))
    const head = Buffer.alloc(3)
    head.writeUIntLE((block.length << 3) | (at + (1 << 17) >= content.length ? 1 : 0), 0, 3)
    parts.push(head, block)
  }
  return Buffer.concat(parts)
}

/** A frame of blocks that repeat one byte: 128 KiB of output for each four bytes of it. */
export function zstdBomb(blocks: number): Uint8Array {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x50])
  const block = (last: number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUIntLE(((1 << 17) << 3) | 2 | last, 0, 3)
    return bytes
  }
  return Buffer.concat([head, ...Array.from({ length: blocks }, (_, i) => block(i + 1 === blocks ? 1 : 0))])
}
