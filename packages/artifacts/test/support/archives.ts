import { hash } from 'node:crypto'
import { bytesOf, type Content } from './bytes.js'

/** A member to write: a regular file, unless `type` says otherwise. */
export interface Entry {
  readonly path: string
  readonly data?: Content
  /** tar: the type flag (`2` for a symbolic link, …). cpio: the mode. */
  readonly type?: string
  readonly mode?: number
  /** cpio: the number of names of the file, and the same number for each of them. */
  readonly links?: number
  readonly inode?: number
}

function padded(bytes: Uint8Array, unit: number): Uint8Array {
  return Buffer.concat([bytes, new Uint8Array((unit - (bytes.length % unit)) % unit)])
}

/** An ar archive, as a .deb is. */
export function writeAr(entries: readonly Entry[]): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from('!<arch>\n')]
  for (const { path, data = '' } of entries) {
    const content = bytesOf(data)
    const header = `${path.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}`
    parts.push(Buffer.from(`${header}${String(content.length).padEnd(10)}\`\n`), content)
    if (content.length % 2 === 1) parts.push(Buffer.from('\n'))
  }
  return Buffer.concat(parts)
}

/** A Debian package around a data tar as it is to stand there. */
export function writeDeb(data: Uint8Array, name = 'data.tar'): Uint8Array {
  return writeAr([
    { path: 'debian-binary', data: '2.0\n' },
    { path: 'control.tar', data: writeTar([]) },
    { path: name, data },
  ])
}

/** One header block of a tar. `size` may be a number, or bytes for the field itself. */
export function tarHeader(
  path: string,
  size: number | Uint8Array,
  type = '0',
  magic = 'ustar\x0000',
): Uint8Array {
  const block = Buffer.alloc(512)
  block.write(path, 0, 100)
  block.write('0000644\0', 100)
  block.write('0000000\0', 108)
  block.write('0000000\0', 116)
  if (typeof size === 'number') block.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  else block.set(size, 124)
  block.write('00000000000\0', 136)
  block.write('        ', 148)
  block.write(type, 156)
  block.write(magic, 257, 'latin1')
  return withChecksum(block)
}

/** Sets the checksum of a header block. */
export function withChecksum(block: Buffer): Buffer {
  block.write('        ', 148)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

/** A tar. Paths above 100 bytes get GNU's long-name header. */
export function writeTar(entries: readonly Entry[], end = true): Uint8Array {
  const parts: Uint8Array[] = []
  for (const { path, data = '', type = '0' } of entries) {
    const content = bytesOf(data)
    if (path.length > 100) {
      const name = Buffer.from(`${path}\0`)
      parts.push(tarHeader('././@LongLink', name.length, 'L', 'ustar  \0'), padded(name, 512))
    }
    parts.push(tarHeader(path, content.length, type), padded(content, 512))
  }
  if (end) parts.push(new Uint8Array(1024))
  return Buffer.concat(parts)
}

type Files = Readonly<Record<string, Content>>

const entriesOf = (files: Files) => Object.entries(files).map(([path, data]): Entry => ({ path, data }))

/** A tar of plain files, as packages are made. */
export const tarOf = (files: Files): Uint8Array => writeTar(entriesOf(files))

/** A cpio archive of plain files, in the form that kernels unpack. */
export const cpioOf = (files: Files): Uint8Array => writeCpio(entriesOf(files))

function hex(value: number): string {
  return value.toString(16).padStart(8, '0')
}

/** A cpio archive in the "new" form. */
export function writeCpio(entries: readonly Entry[]): Uint8Array {
  const parts: Uint8Array[] = []
  for (const { path, data = '', mode = 0o100644, links = 1, inode = 1 } of [
    ...entries,
    { path: 'TRAILER!!!', mode: 0 },
  ]) {
    const content = bytesOf(data)
    const fields = [inode, mode, 0, 0, links, 0, content.length, 0, 0, 0, 0, Buffer.byteLength(path) + 1, 0]
    parts.push(padded(Buffer.from(`070701${fields.map(hex).join('')}${path}\0`), 4), padded(content, 4))
  }
  return Buffer.concat(parts)
}

/** A cpio archive in the form that names files by their index in the RPM's header. */
export function writeListedCpio(contents: readonly (readonly [index: number, data: Content])[]): Uint8Array {
  const parts = contents.map(([index, data]) =>
    Buffer.concat([padded(Buffer.from(`07070X${hex(index)}`), 4), padded(bytesOf(data), 4)]),
  )
  return Buffer.concat([...parts, writeCpio([])])
}

/** A tag of an RPM header: numbers of 2, 4 or 8 bytes, or strings. */
export type Tag = readonly [tag: number, type: 3 | 4 | 5 | 6 | 8, values: readonly (number | string)[]]

/** A header of an RPM; `claims` overwrite the counts in its prologue. */
export function writeRpmHeader(
  tags: readonly Tag[],
  claims: { entries?: number; store?: number } = {},
): Buffer {
  const index: Buffer[] = []
  let store = Buffer.alloc(0)
  for (const [tag, type, values] of tags) {
    const size = { 3: 2, 4: 4, 5: 8, 6: 1, 8: 1 }[type]
    while (store.length % size !== 0) store = Buffer.concat([store, Buffer.alloc(1)])
    const entry = Buffer.alloc(16)
    for (const [i, value] of [tag, type, store.length, values.length].entries())
      entry.writeUInt32BE(value, i * 4)
    index.push(entry)
    for (const value of values) {
      const bytes = Buffer.alloc(size)
      if (typeof value === 'string') store = Buffer.concat([store, Buffer.from(`${value}\0`)])
      else {
        if (size === 8) bytes.writeBigUInt64BE(BigInt(value))
        else bytes.writeUIntBE(value, 0, size)
        store = Buffer.concat([store, bytes])
      }
    }
  }
  const prologue = Buffer.alloc(16)
  prologue.writeUInt32BE(0x8eade801, 0)
  prologue.writeUInt32BE(claims.entries ?? tags.length, 8)
  prologue.writeUInt32BE(claims.store ?? store.length, 12)
  return Buffer.concat([prologue, ...index, store])
}

/** An RPM of format 4 around a payload as it is to stand there; `tags` come before those that it gets anyway. */
export function writeRpm(payload: Uint8Array, tags: readonly Tag[] = [], header?: Buffer): Uint8Array {
  const lead = Buffer.alloc(96)
  lead.writeUInt32BE(0xedabeedb, 0)
  lead.writeUInt16BE(0x0300, 4)
  const own = header ?? writeRpmHeader([...tags, [5092, 8, [hash('sha256', payload)]], [5093, 4, [8]]])
  const signature = padded(writeRpmHeader([[273, 6, [hash('sha256', own)]]]), 8)
  return Buffer.concat([lead, signature, own, payload])
}
