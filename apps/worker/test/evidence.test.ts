import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import type { ArtifactKind, ArtifactRow, KernelRow } from '@basedrift/ledger'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contentProblems } from '../src/evidence/content.js'
import { readBuildLog } from '../src/evidence/log.js'
import { provenanceProblems } from '../src/evidence/provenance.js'
import { isScanned, readEvidence, withTools } from '../src/evidence/read.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'basedrift-evidence-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const place = path.join(folder, name)
  await writeFile(place, content)
  return place
}

const gcc = 'gcc (Debian 12.2.0-14+deb12u1) 12.2.0'

describe('evidence that begins as', () => {
  const at = (offset: number, bytes: string) => {
    const content = Buffer.alloc(4096, 'x')
    content.write(bytes, offset, 'latin1')
    return content
  }
  const oldTar = () => {
    const header = Buffer.alloc(512)
    header.write('lib/modules/6.1/x.ko')
    const sum = header.reduce((all, byte) => all + byte, 8 * 0x20)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    return header
  }
  it.each<[string, Buffer, ArtifactKind]>([
    ['a .deb', at(0, '!<arch>\ndebian-binary'), 'log'],
    ['an RPM', at(0, '\xed\xab\xee\xdb'), 'provenance'],
    ['a module', at(0, '\x7fELF'), 'config'],
    ['a kernel image', at(0x202, 'HdrS'), 'log'],
    ['an initramfs', at(0, '070701'), 'symvers'],
    ['a tar archive', oldTar(), 'log'],
    ['a tar archive in gzip', gzipSync(oldTar()), 'log'],
    ['a module in xz', at(0, '\xfd7zXZ\0'), 'log'],
    ['raw BTF', at(0, '\x9f\xeb\x01'), 'log'],
  ])('%s is a problem', async (_, content, kind) => {
    const filename = 'odd.log'
    const artifact = { kind, filename, sha256: 'a' } as unknown as ArtifactRow
    const { problems } = await readEvidence([artifact], [await file(filename, content)])
    expect(problems).toMatchObject([[{ code: 'kind-contradicted', file: filename }]])
  })

  it('what it is has none, and packages are read elsewhere', async () => {
    const fine: [ArtifactKind, string | Buffer][] = [
      ['log', ''],
      ['log', gzipSync('[ 1s] gcc\n'.repeat(5000))],
      ['config', '# Linux/x86 6.1.0 Kernel Configuration\n'],
      ['symvers', at(0, '\xfd7zXZ\0')],
      ['package', at(0, '!<arch>\n')],
    ]
    for (const [kind, content] of fine)
      expect(await contentProblems(await file('fine', content), 'fine', kind)).toEqual([])
  })
})

describe('a build log', () => {
  const none = { compiler: null, pahole: null }
  it.each([
    [`x\nCONFIG_CC_VERSION_TEXT="${gcc}"\nCONFIG_PAHOLE_VERSION=124\n`, { compiler: gcc, pahole: '124' }],
    [`[   12s] ${gcc}\n[   13s] dwarves-1.27-1.2 installed`, { compiler: gcc, pahole: '127' }],
    ['Setting up pahole (1.24-4.1) ...\n', { compiler: null, pahole: '124' }],
    ['we use gcc here, and pahole too\nversion 1.25\n', none],
    [`${gcc}\nCONFIG_CC_VERSION_TEXT="clang version 19.1.7"\n`, { compiler: gcc, pahole: null }],
    ['pahole 1.27\nCONFIG_PAHOLE_VERSION=124\n', { compiler: null, pahole: '127' }],
    [`x${gcc}\n${gcc} and so on without a version of its own that would be read to the end of it\n`, none],
    ['', none],
  ])('says which tools were used: %j', async (text, tools) => {
    expect(await readBuildLog(await file('build.log', text), 'build.log')).toEqual(tools)
    expect(await readBuildLog(await file('build.log.gz', gzipSync(text)), 'build.log.gz')).toEqual(tools)
  })

  it('is read alike wherever the parts end in which it comes', async () => {
    // Parts of a file have 64 KiB: the line lies before the first end, across it and behind it.
    const line = `${gcc}\nCONFIG_PAHOLE_VERSION=124\n`
    for (let before = 65536 - line.length - 2; before <= 65538; before++) {
      const log = await file('part.log', `${'\n'.repeat(before)}${line}`)
      expect([before, await readBuildLog(log, 'part.log')]).toEqual([
        before,
        { compiler: gcc, pahole: '124' },
      ])
    }
  })

  it('that is damaged, or one line without end, is read as far as it goes', async () => {
    const whole = gzipSync(`CONFIG_PAHOLE_VERSION=124\n${'x'.repeat(1 << 20)}`)
    const cut = await file('cut.log.gz', whole.subarray(0, whole.length - 8))
    expect(await readBuildLog(cut, 'cut.log.gz')).toEqual({ compiler: null, pahole: '124' })
    const line = await file('line.log', Buffer.alloc(8 << 20, 'y'))
    expect(await readBuildLog(line, 'line.log')).toEqual({ compiler: null, pahole: null })
    expect(await readBuildLog(await file('none.log.gz', 'no gzip'), 'none.log.gz')).toEqual({
      compiler: null,
      pahole: null,
    })
  })
})

describe('a provenance', () => {
  const artifacts = [{ filename: 'kernel.rpm', sha256: 'a'.repeat(64) }]
  const statement = (sha256: string, name = 'out/kernel.rpm') => ({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name, digest: { sha256 } }],
    predicateType: 'https://slsa.dev/provenance/v1',
  })
  const envelope = (value: unknown) => ({
    payloadType: 'application/vnd.in-toto+json',
    payload: Buffer.from(JSON.stringify(value)).toString('base64'),
    signatures: [],
  })
  const codes = async (text: string) =>
    (await provenanceProblems(await file('p.json', text), 'p.json', artifacts)).map(({ code }) => code)

  it('is taken bare, in an envelope, and one a line', async () => {
    const good = statement('A'.repeat(64).toLowerCase())
    expect(await codes(JSON.stringify(good, null, 2))).toEqual([])
    expect(await codes(JSON.stringify(envelope(good)))).toEqual([])
    expect(await codes(`${JSON.stringify(good)}\n${JSON.stringify(envelope(good))}\n`)).toEqual([])
    expect(await codes(JSON.stringify(statement('b'.repeat(64), 'other.rpm')))).toEqual([])
  })

  it('that names an artifact with other content contradicts', async () => {
    const other = statement('b'.repeat(64))
    expect(await codes(JSON.stringify(other))).toEqual(['provenance-contradicts'])
    expect(await codes(JSON.stringify(envelope(other)))).toEqual(['provenance-contradicts'])
  })

  it.each([
    '',
    'x',
    '{}',
    '[]',
    'null',
    '{"payload":"!"}',
    '{"_type":"https://example.com"}',
    '{"payload":5}',
  ])('is not %j', async (text) => {
    expect(await codes(text)).toEqual(['provenance-malformed'])
  })
})

describe('evidence', () => {
  const artifact = (filename: string, kind: ArtifactRow['kind']) =>
    ({ filename, kind, sha256: '' }) as ArtifactRow
  const kernel = { compiler: null, pahole: '125' } as KernelRow

  it('fills in what the config does not tell, and contradicts what it does', async () => {
    const artifacts = [artifact('kernel.rpm', 'package'), artifact('build.log', 'log')]
    const log = await file('both.log', `CONFIG_CC_VERSION_TEXT="${gcc}"\nCONFIG_PAHOLE_VERSION=124\n`)
    const evidence = await readEvidence(artifacts, ['', log])
    expect(withTools(kernel, artifacts, evidence)).toEqual({ compiler: gcc, pahole: '125' })
    expect(evidence.problems).toEqual([
      [],
      [
        expect.objectContaining({
          code: 'log-contradicts',
          message: expect.stringContaining('125 by the config, 124'),
        }),
      ],
    ])
    expect(withTools(null, artifacts, evidence)).toBeNull()
  })

  it('is scanned where it may tell of a kernel', () => {
    const kinds = ['package', 'config', 'symvers', 'provenance', 'log'] as const
    expect(kinds.filter((kind) => isScanned(artifact('x', kind)))).toEqual(['package', 'config', 'symvers'])
  })
})
