import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import S3rver from 's3rver'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BlobStore, DirectoryBlobStore, LedgerError, S3BlobStore } from '../src/index.js'

const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const none = '0'.repeat(64)

async function* chunks(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}

const bytesOf = async (source: AsyncIterable<Uint8Array>) => {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}

const errorOf = (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    () => null,
    (error: unknown) => (error instanceof LedgerError ? error.code : error),
  )

/** All files below a directory, without what the store of a bucket keeps there. */
async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
}

let root = ''
let s3: S3rver
let endpoint = ''
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'basedrift-blobs-'))
  await mkdir(path.join(root, 's3'))
  s3 = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: path.join(root, 's3'),
    configureBuckets: [{ name: 'blobs' }],
  })
  endpoint = `http://127.0.0.1:${(await s3.run()).port}`
})
afterAll(async () => {
  await s3.close()
  await rm(root, { recursive: true, force: true })
})

const bucket = (prefix?: string) =>
  S3BlobStore.open({
    bucket: 'blobs',
    region: 'us-east-1',
    endpoint,
    prefix,
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    temporary: path.join(root, 'temporary'),
  })

const stores: [string, string, () => Promise<BlobStore>][] = [
  ['a directory', 'directory/.staging', () => DirectoryBlobStore.open(path.join(root, 'directory'))],
  ['a bucket', 'temporary', () => bucket('pre/fix')],
]

describe.each(stores)('blobs in %s', (_, staging, open) => {
  let store: BlobStore
  beforeAll(async () => {
    store = await open()
  })
  afterAll(() => store.close())
  const staged = () => readdir(path.join(root, staging))

  it('are read as they were put, under their hash', async () => {
    const [a, b] = [Buffer.from('one '), Buffer.alloc(300_000, 7)]
    const sha256 = sha(Buffer.concat([a, b]))
    const stored = await store.put(chunks(a, b), { maxBytes: 1e6, expectedSha256: sha256 })
    expect(stored).toEqual({ sha256, size: 300_004 })
    expect(await store.has(sha256)).toBe(true)
    expect(await store.size(sha256)).toBe(300_004)
    expect(sha(await bytesOf(await store.read(sha256)))).toBe(sha256)
    expect(await store.withFile(sha256, async (file) => sha(await readFile(file)))).toBe(sha256)
    expect(await staged()).toEqual([])
  })

  it('may be empty', async () => {
    const { sha256, size } = await store.put(chunks(), { maxBytes: 0 })
    expect({ sha256, size }).toEqual({ sha256: sha(new Uint8Array()), size: 0 })
    expect(await store.size(sha256)).toBe(0)
    expect(await bytesOf(await store.read(sha256))).toEqual(Buffer.alloc(0))
  })

  it('come from files, which stay', async () => {
    const file = path.join(root, 'source')
    await writeFile(file, 'from a file')
    const stored = await store.putFile(file, { maxBytes: 100 })
    expect(stored).toEqual({ sha256: sha(Buffer.from('from a file')), size: 11 })
    expect(await readFile(file, 'utf8')).toBe('from a file')
    expect(await errorOf(store.putFile(file, { maxBytes: 10 }))).toBe('blob-too-large')
  })

  it('are one when many put the same at once', async () => {
    const bytes = Buffer.alloc(100_000, 3)
    const puts = await Promise.all(
      Array.from({ length: 20 }, () => store.put(chunks(bytes), { maxBytes: 1e6 })),
    )
    expect(new Set(puts.map(({ sha256 }) => sha256))).toEqual(new Set([sha(bytes)]))
    expect(await bytesOf(await store.read(sha(bytes)))).toEqual(bytes)
    expect(await staged()).toEqual([])
  })

  it('keep nothing of what is too large, other than announced, aborted or broken off', async () => {
    const bytes = Buffer.from('not to be kept')
    const reset = Object.assign(new Error('the client went away'), { code: 'ECONNRESET' })
    const aborted = new AbortController()
    async function* breaks(): AsyncGenerator<Uint8Array> {
      yield bytes
      throw reset
    }
    async function* aborts(): AsyncGenerator<Uint8Array> {
      yield bytes
      aborted.abort(reset)
      yield bytes
    }
    expect(await errorOf(store.put(chunks(bytes), { maxBytes: bytes.length - 1 }))).toBe('blob-too-large')
    expect(await errorOf(store.put(chunks(bytes), { maxBytes: 100, expectedSha256: none }))).toBe(
      'blob-digest-mismatch',
    )
    expect(await errorOf(store.put(breaks(), { maxBytes: 100 }))).toBe(reset)
    expect(await errorOf(store.put(aborts(), { maxBytes: 100, signal: aborted.signal }))).toBe(reset)
    expect(await store.has(sha(bytes))).toBe(false)
    expect(await staged()).toEqual([])
  })

  it('are not there under other names than hashes', async () => {
    for (const name of ['../../etc/passwd', '', 'A'.repeat(64), `${'a'.repeat(63)}/`, none]) {
      expect(await store.has(name)).toBe(false)
      expect(await store.size(name)).toBeNull()
      expect(await errorOf(store.read(name))).toBe('blob-unknown')
      expect(await errorOf(store.withFile(name, async () => {}))).toBe('blob-unknown')
    }
    expect(await staged()).toEqual([])
  })

  it('can be deleted, twice, also while a file of theirs is used', async () => {
    const { sha256 } = await store.put(chunks(Buffer.from('to be deleted')), { maxBytes: 100 })
    await store.withFile(sha256, async (file) => {
      await store.delete(sha256)
      expect(await readFile(file, 'utf8')).toBe('to be deleted')
    })
    await store.delete(sha256)
    expect(await store.has(sha256)).toBe(false)
    expect(await staged()).toEqual([])
  })

  it('leave no file behind where its use fails', async () => {
    const { sha256 } = await store.put(chunks(Buffer.from('used')), { maxBytes: 100 })
    const error = new Error('use failed')
    expect(await errorOf(store.withFile(sha256, () => Promise.reject(error)))).toBe(error)
    expect(await staged()).toEqual([])
  })
})

describe('a directory of blobs', () => {
  it('is there for its owner alone, and drops only what was staged long ago', async () => {
    const directory = path.join(root, 'private')
    const store = await DirectoryBlobStore.open(directory)
    await store.put(chunks(Buffer.from('x')), { maxBytes: 1 })
    const [file] = await filesIn(directory)
    expect((await stat(file as string)).mode & 0o077).toBe(0)
    const [old, fresh] = ['old', 'fresh'].map((name) => path.join(directory, '.staging', name))
    await writeFile(old as string, '')
    await writeFile(fresh as string, '')
    await utimes(old as string, 1, 1)
    await DirectoryBlobStore.open(directory)
    expect(await readdir(path.join(directory, '.staging'))).toEqual(['fresh'])
  })

  it('keeps the files that are in use of blobs stored long ago', async () => {
    const directory = path.join(root, 'aged')
    const store = await DirectoryBlobStore.open(directory)
    const { sha256 } = await store.put(chunks(Buffer.from('aged')), { maxBytes: 10 })
    const [file] = await filesIn(directory)
    await utimes(file as string, 1, 1)
    await store.withFile(sha256, async (held) => {
      await DirectoryBlobStore.open(directory)
      expect(await readFile(held, 'utf8')).toBe('aged')
    })
  })

  it('gives out no file whose content has changed, until it is put again', async () => {
    const directory = path.join(root, 'damaged')
    const store = await DirectoryBlobStore.open(directory)
    const content = Buffer.from('as it was')
    const { sha256 } = await store.put(chunks(content), { maxBytes: 10 })
    const [file] = await filesIn(directory)
    const use = () => store.withFile(sha256, (held) => readFile(held, 'utf8'))
    for (const damaged of ['as it is', '', 'as it waz']) {
      await writeFile(file as string, damaged)
      expect(await errorOf(use())).toBe('blob-damaged')
    }
    expect(await readdir(path.join(directory, '.staging'))).toEqual([])
    await store.put(chunks(content), { maxBytes: 10 })
    expect(await use()).toBe('as it was')
  })

  it('says so where it cannot be written', async () => {
    const file = path.join(root, 'a-file')
    await writeFile(file, '')
    expect(await errorOf(DirectoryBlobStore.open(file))).toBe('blob-store-failed')
  })
})

describe('a bucket of blobs', () => {
  it('gives out no object whose content has changed, until it is put again', async () => {
    const store = await bucket('damaged')
    const content = Buffer.from('as it was')
    const { sha256 } = await store.put(chunks(content), { maxBytes: 10 })
    const [object] = (await filesIn(path.join(root, 's3'))).filter((file) =>
      file.includes(`${sha256}._S3rver_object`),
    )
    await writeFile(object as string, 'as it is.')
    const use = () => store.withFile(sha256, (held) => readFile(held, 'utf8'))
    expect(await errorOf(use())).toBe('blob-damaged')
    await store.put(chunks(content), { maxBytes: 10 })
    expect(await use()).toBe('as it was')
    await store.close()
  })

  it('says so where it does not answer, without its credentials', async () => {
    const store = await S3BlobStore.open({
      bucket: 'missing',
      region: 'us-east-1',
      endpoint,
      credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
      temporary: path.join(root, 'temporary'),
    })
    const error = await store.put(chunks(Buffer.from('x')), { maxBytes: 1 }).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'blob-store-failed' })
    expect(String(error)).not.toContain('S3RVER')
    await store.close()
  })
})
