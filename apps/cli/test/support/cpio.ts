/** A cpio archive of plain files, in the form that kernels unpack. */
export function cpio(files: Readonly<Record<string, Uint8Array | string>>): Buffer {
  const hex = (value: number) => value.toString(16).padStart(8, '0')
  const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])
  const parts = Object.entries({ ...files, 'TRAILER!!!': '' }).flatMap(([path, content]) => {
    const body = Buffer.from(content)
    const fields = [0, 0o100644, 0, 0, 1, 0, body.length, 0, 0, 0, 0, path.length + 1, 0]
    return [padded(Buffer.from(`070701${fields.map(hex).join('')}${path}\0`)), padded(body)]
  })
  return Buffer.concat(parts)
}
