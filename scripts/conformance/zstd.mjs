import { spawnSync } from 'node:child_process'
import zlib from 'node:zlib'
import { decompress } from 'fzstd'

/** What the window of the corpus's archives needs. */
const windowLog = 27
const mostBytes = 2 ** 30

/** Unpacks zstd with what there is: Node's own (from 22.15), the zstd program, or fzstd. */
export function unzstd(packed) {
  if (typeof zlib.zstdDecompressSync === 'function') {
    const params = { [zlib.constants.ZSTD_d_windowLogMax]: windowLog }
    return new Uint8Array(zlib.zstdDecompressSync(packed, { params, maxOutputLength: mostBytes }))
  }
  const { error, status, stdout } = spawnSync('zstd', ['-dcq', `--long=${windowLog}`], {
    input: packed,
    maxBuffer: mostBytes,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  if (error === undefined && status === 0) return new Uint8Array(stdout)
  if (error === undefined) throw new Error('zstd cannot unpack it')
  return decompress(packed)
}
