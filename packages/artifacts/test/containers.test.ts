import { hash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { arMembers } from '../src/container/ar.js'
import { cpioMembers } from '../src/container/cpio.js'
import type { Member, UnreadMember } from '../src/container/member.js'
import { tarMembers } from '../src/container/tar.js'
import { limits } from '../src/index.js'
import { ByteReader } from '../src/source/reader.js'
import { rejection } from './bytes/support/codes.js'
import {
  tarHeader,
  withChecksum,
  writeAr,
  writeCpio,
  writeDeb,
  writeListedCpio,
  writeRpm,
  writeRpmHeader,
  writeTar,
} from './support/archives.js'
import { lines, scanBytes, writeModule } from './support/artifacts.js'
import { streamOf } from './support/bytes.js'

const a = writeModule('a')
const b = writeModule('b')
const tight = {
  ...limits,
  members: 5,
  nameBytes: 200,
  tarHeaderBytes: 600,
  rpmIndexEntries: 20,
  rpmStoreBytes: 2000,
}

async function listed(members: AsyncIterable<Member | UnreadMember>): Promise<string[]> {
  const all: string[] = []
  for await (const member of members) {
    if ('unread' in member)
      all.push(`${member.why} ${member.unread}${'target' in member ? ` ${member.target}` : ''}`)
    else all.push(`${member.path}=${Buffer.from(await member.bytes()).toString()}`)
  }
  return all
}
const reader = (bytes: Uint8Array, size = 100) => new ByteReader(streamOf(bytes, size))
const tar = (bytes: Uint8Array, size?: number) => listed(tarMembers(reader(bytes, size), tight))

describe('tar', () => {
  it('gives regular files, whatever the parts in which it comes', async () => {
    const bytes = writeTar([
      { path: './d/', type: '5' },
      { path: './d/x', data: 'abc' },
      { path: 'y', data: '' },
    ])
    for (const size of [1, 511, 512, 513, 1 << 20]) expect(await tar(bytes, size)).toEqual(['d/x=abc', 'y='])
  })

  it('names devices and pipes, and passes over what else is no file', async () => {
    const types = ['3', '4', '5', '6', 'D', 'M', 'V'].map((type) => ({ path: `t${type}`, type }))
    expect(await listed(tarMembers(reader(writeTar([...types, { path: 'x', data: 'x' }])), limits))).toEqual([
      ...['special t3', 'special t4', 'special t6'],
      'x=x',
    ])
  })

  it('gives paths as they are unpacked', async () => {
    const listedOf = (...paths: string[]) => tar(writeTar(paths.map((path) => ({ path, data: '' }))))
    expect(await listedOf('.//lib//modules/1/x', '/lib/./modules///1/./y', './a/.b/..c/z', '././/w')).toEqual(
      ['lib/modules/1/x=', 'lib/modules/1/y=', 'a/.b/..c/z=', 'w='],
    )
    expect(
      await listedOf('lib/modules/1/../2/x', '../.././a/b/..//../c/../../lib/modules/3/x', 'a/..', '..'),
    ).toEqual(['lib/modules/2/x=', 'lib/modules/3/x=', '=', '='])
  })

  it('takes what is of a type that nobody knows for a file, as those who unpack do', async () => {
    const types = ['\0', '7', 'Q', '9'].map((type, nth) => ({ path: `t${nth}`, type, data: 'x' }))
    expect(await tar(writeTar(types))).toEqual(['t0=x', 't1=x', 't2=x', 't3=x'])
  })

  it('names hard links and what they are links to, and reads on behind them', async () => {
    const linked = (path: string, target: string) => {
      // Its size says nothing: no content follows it.
      const header = Buffer.from(tarHeader(path, 5000, '1'))
      header.write(target, 157)
      return withChecksum(header)
    }
    const long = `${'d/'.repeat(60)}x`
    const records = `${long.length + 14} linkpath=${long}\n`
    const bytes = [
      linked('./l', './d/x'),
      tarHeader('long', long.length, 'K'),
      Buffer.from(long.padEnd(512, '\0')),
      linked('k', 'cut'),
      withChecksum(Buffer.from(tarHeader('s', 0, '2')).fill('../x', 157, 161)),
      tarHeader('pax', records.length, 'x'),
      Buffer.from(records.padEnd(512, '\0')),
      linked('p', 'cut'),
      writeTar([{ path: 'x', data: 'x' }]),
    ]
    const all = listed(tarMembers(reader(Buffer.concat(bytes)), limits))
    expect(await all).toEqual([
      'hard-link l d/x',
      `hard-link k ${long}`,
      'symbolic-link s ../x',
      `hard-link p ${long}`,
      'x=x',
    ])
  })

  it('knows long names of GNU and pax, prefixes, and sizes in base 256', async () => {
    const long = `${'d/'.repeat(60)}x`
    expect(await tar(writeTar([{ path: long, data: '1' }]))).toEqual([`${long}=1`])
    const records = `${long.length + 10} path=${long}\n9 size=3\n`
    const pax = Buffer.concat([
      tarHeader('pax', records.length, 'x'),
      Buffer.from(records.padEnd(512, '\0')),
      tarHeader('short', 0),
      Buffer.from('abc'.padEnd(512, '\0')),
      writeTar([{ path: 'y' }]),
    ])
    expect(await tar(pax)).toEqual([`${long}=abc`, 'y='])
    const size = Buffer.alloc(12)
    size[0] = 0x80
    size[11] = 2
    const block = Buffer.from(tarHeader('n', size))
    block.write('pre/fix', 345)
    expect(
      await tar(
        Buffer.concat([withChecksum(block), Buffer.from('ok'.padEnd(512, '\0')), new Uint8Array(512)]),
      ),
    ).toEqual(['pre/fix/n=ok'])
  })

  it('names sparse files, and reads on behind them', async () => {
    const head = Buffer.from(tarHeader('s', 512, 'S', 'ustar  \0'))
    head[482] = 1
    const bytes = [
      withChecksum(head),
      Buffer.alloc(512),
      Buffer.alloc(512, 1),
      writeTar([{ path: 'x', data: 'x' }]),
    ]
    expect(await tar(Buffer.concat(bytes))).toEqual(['sparse s', 'x=x'])
  })

  it.each([
    [
      'a checksum that is wrong',
      Buffer.from(writeTar([{ path: 'x' }])).fill('9', 100, 103),
      'archive-malformed',
    ],
    ['a size that is no number', tarHeader('x', Buffer.from('12x45678901\0')), 'archive-malformed'],
    ['a size beyond 2^53', tarHeader('x', Buffer.alloc(12, 0xff).fill(0x80, 0, 1)), 'archive-malformed'],
    ['a negative size', tarHeader('x', Buffer.alloc(12, 0xff)), 'archive-malformed'],
    [
      'a pax record that is cut',
      Buffer.concat([tarHeader('p', 5, 'x'), Buffer.from('99 a='.padEnd(512, '\0'))]),
      'archive-malformed',
    ],
    ['a long extended header', tarHeader('p', 601, 'L'), 'limit-exceeded'],
    [
      'too many members',
      writeTar(Array.from({ length: 6 }, (_, i) => ({ path: `x${i}` }))),
      'limit-exceeded',
    ],
    ['a long path', writeTar([{ path: 'x'.repeat(201) }]), 'limit-exceeded'],
    ['no end mark', writeTar([{ path: 'x' }], false), 'archive-truncated'],
    ['content that is cut', writeTar([{ path: 'x', data: 'abc' }]).subarray(0, 514), 'archive-truncated'],
  ])('refuses %s', async (_what, bytes, code) => {
    expect(await rejection(tar(bytes))).toMatch(new RegExp(`^${code} `))
  })
})

describe('ar', () => {
  const ar = (bytes: Uint8Array) => listed(arMembers(reader(bytes, 7), tight))

  it('gives its members, of odd sizes too', async () => {
    const bytes = writeAr([
      { path: 'odd', data: 'abc' },
      { path: 'even/', data: 'abcd' },
      { path: 'last', data: 'x' },
    ])
    expect(await ar(bytes)).toEqual(['odd=abc', 'even=abcd', 'last=x'])
    expect(await ar(bytes.subarray(0, -1))).toEqual(['odd=abc', 'even=abcd', 'last=x'])
  })

  it.each([
    ['another magic', Buffer.from('!<arch>?abc'), 'archive-malformed'],
    [
      'a header without its end',
      Buffer.from(writeAr([{ path: 'x' }])).fill('y', 66, 67),
      'archive-malformed',
    ],
    [
      'a size that is no number',
      Buffer.from(writeAr([{ path: 'x' }])).fill('-1 ', 56, 59),
      'archive-malformed',
    ],
    ['content that is cut', writeAr([{ path: 'x', data: 'abc' }]).subarray(0, 69), 'archive-truncated'],
    ['too many members', writeAr(Array.from({ length: 6 }, () => ({ path: 'x' }))), 'limit-exceeded'],
  ])('refuses %s', async (_what, bytes, code) => {
    expect(await rejection(ar(bytes))).toMatch(new RegExp(`^${code} `))
  })
})

describe('cpio', () => {
  const cpio = (bytes: Uint8Array) => listed(cpioMembers(reader(bytes, 7), tight))

  it('gives regular files, of hard links the one with content, and names the others', async () => {
    const bytes = writeCpio([
      { path: './d', mode: 0o40755 },
      { path: './l', mode: 0o120777, data: 'd/x' },
      { path: './h1', links: 2 },
      { path: './h2', links: 2, data: 'both' },
      { path: './e' },
    ])
    expect(await cpio(bytes)).toEqual(['symbolic-link l d/x', 'h2=both', 'hard-link h1 h2', 'e='])
  })

  it('names pipes, devices and sockets', async () => {
    const entries = [0o10644, 0o20644, 0o60644, 0o140644].map((mode) => ({ path: mode.toString(8), mode }))
    expect(await cpio(writeCpio(entries))).toEqual([
      'special 10644',
      'special 20644',
      'special 60644',
      'special 140644',
    ])
  })

  it('tells files of several names apart by their inodes, and gives what has no content as empty', async () => {
    const bytes = writeCpio([
      { path: 'a1', links: 2, inode: 1 },
      { path: 'b1', links: 2, inode: 2 },
      { path: 'a2', links: 2, inode: 1, data: 'a' },
      { path: 'c1', links: 2, inode: 3 },
    ])
    expect(await listed(cpioMembers(reader(bytes, 7), limits))).toEqual([
      'a2=a',
      'hard-link a1 a2',
      'b1=',
      'c1=',
    ])
  })

  it.each([
    ['another magic', Buffer.from('070707'.padEnd(120, '0')), 'archive-malformed'],
    [
      'a field that is no number',
      Buffer.from(writeCpio([{ path: 'x' }])).fill('g', 54, 55),
      'archive-malformed',
    ],
    ['a long path', writeCpio([{ path: 'x'.repeat(201) }]), 'limit-exceeded'],
    ['too many members', writeCpio(Array.from({ length: 6 }, () => ({ path: 'x' }))), 'limit-exceeded'],
    ['no trailer', writeCpio([]).subarray(0, 0), 'archive-truncated'],
    ['a file that no header lists', writeListedCpio([[3, 'x']]), 'archive-malformed'],
  ])('refuses %s', async (_what, bytes, code) => {
    expect(await rejection(cpio(bytes))).toMatch(new RegExp(`^${code} `))
  })
})

describe('a module that is a link', () => {
  it('is a problem where its content is not read as a module of its name; other names of what is read are none', async () => {
    const header = (path: string, target: string, type = '1') => {
      const bytes = Buffer.from(tarHeader(path, 0, type))
      bytes.write(target, 157)
      return withChecksum(bytes)
    }
    const archive = Buffer.concat([
      header('lib/modules/1/updates/a.ko', 'store/a.bin'),
      header('boot/vmlinuz-1', 'lib/modules/1/vmlinuz'),
      header('boot/config-1', 'store/config.bin'),
      header('doc/a.html', 'store/a.html'),
      header('lib/modules/1/weak-updates/a.ko', '/lib/modules/0/updates/a.ko', '2'),
      header('lib/modules/1/weak-updates/b.ko', '../../0/extra/b.ko', '2'),
      header('lib/modules/1/weak-updates/f.ko', '../../../../opt/f.ko', '2'),
      header('lib/modules/1/extra/a.ko', '../../../../store/a.bin', '2'),
      header('vmlinuz', 'boot/vmlinuz-1', '2'),
      header('lib/modules/1/updates/b.ko', '../kernel/b.ko', '2'),
      header('usr/lib/modules/1/updates/c.ko', '/lib/modules/1/kernel/c.ko', '2'),
      header('lib/modules/0/updates/d.ko', '../../1/kernel/d.ko', '2'),
      header('lib/modules/1/updates/e.ko', '/opt/e.ko', '2'),
      header('lib/modules/2', '1', '2'),
      header('lib/modules/1/misc', '/opt/modules', '2'),
      header('lib/modules/1/drivers', 'kernel/drivers', '2'),
      header('lib/modules/1/build', '/usr/src/linux-1', '2'),
      header('lib/modules/1/vdso/x.debug', '/usr/lib/debug/x', '2'),
      header('lib/modules/1/System.map', '/boot/System.map-1', '2'),
      header('usr/share/doc/a', '/opt/a', '2'),
      header('lib', 'usr/lib', '2'),
      writeTar([]),
    ])
    expect(lines(await scanBytes(archive, 'x.tar'))).toEqual([
      'problem link-unread x.tar!lib/modules/1/updates/a.ko',
      'problem link-unread x.tar!boot/config-1',
      'problem link-unread x.tar!lib/modules/1/weak-updates/f.ko',
      'problem link-unread x.tar!lib/modules/1/extra/a.ko',
      'problem link-unread x.tar!lib/modules/0/updates/d.ko',
      'problem link-unread x.tar!lib/modules/1/updates/e.ko',
      'problem link-unread x.tar!lib/modules/2',
      'problem link-unread x.tar!lib/modules/1/misc',
    ])
    const cpio = writeCpio([
      { path: 'updates/a.ko', links: 2 },
      { path: 'store/a.bin', links: 2, data: 'content' },
    ])
    expect(lines(await scanBytes(cpio, 'x.cpio'))).toEqual(['problem link-unread x.cpio!updates/a.ko'])
  })
})

describe('deb', () => {
  it.each([
    ['no data.tar', writeAr([{ path: 'debian-binary', data: '2.0\n' }]), 'archive-truncated'],
    ['another format', writeAr([{ path: 'debian-binary', data: '3.0\n' }]), 'archive-malformed'],
    ['a payload that is cut', writeDeb(Buffer.from('BZh91AY'), 'data.tar.bz2'), 'compression-corrupt'],
  ])('with %s is a problem', async (_what, bytes, code) => {
    expect(lines(await scanBytes(bytes, 'x.deb'))).toEqual([`problem ${code} x.deb`])
  })
})

describe('rpm', () => {
  const payload = gzipSync(writeCpio([{ path: './lib/a.ko', data: a }]))
  const problem = async (bytes: Uint8Array) => lines(await scanBytes(bytes, 'x.rpm', { limits: tight }))

  it('whose payload or header is not the one that was signed is a problem', async () => {
    const tags = [
      [5092, 8, [hash('sha256', 'other')]],
      [5093, 4, [8]],
    ] as const
    expect(await problem(writeRpm(payload, [], writeRpmHeader(tags)))).toEqual([
      'module x.rpm!lib/a.ko',
      'problem checksum-mismatch x.rpm',
    ])
    const bytes = Buffer.from(writeRpm(payload))
    bytes[bytes.indexOf(hash('sha256', payload))]! ^= 1
    expect(await problem(bytes)).toEqual(['problem checksum-mismatch x.rpm'])
  })

  it('of a large package takes paths and sizes from its header', async () => {
    const tags = [
      [1117, 8, ['d', 'a.ko', 'link', 'h1.ko', 'h2.ko']],
      [1118, 8, ['./lib/']],
      [1116, 4, [0, 0, 0, 0, 0]],
      [1030, 3, [0o40755, 0o100644, 0o120777, 0o100644, 0o100644]],
      [5008, 5, [4096, a.length, 4, b.length, b.length]],
      [1095, 4, [1, 1, 1, 1, 1]],
      [1096, 4, [1, 2, 3, 4, 4]],
    ] as const
    const cpio = writeListedCpio([
      [0, ''],
      [1, a],
      [2, 'a.ko'],
      [3, ''],
      [4, b],
    ])
    expect(lines(await scanBytes(writeRpm(cpio, tags), 'x.rpm'))).toEqual([
      'module x.rpm!lib/a.ko',
      'module x.rpm!lib/h2.ko',
      'problem link-unread x.rpm!lib/h1.ko',
    ])
    const broken = tags.filter(([tag]) => tag !== 1116)
    expect(await problem(writeRpm(cpio, broken))).toEqual(['problem archive-malformed x.rpm'])
  })

  it.each([
    ['more entries than it may', { entries: 21 }, 'limit-exceeded'],
    ['4 billion entries', { entries: 0xffffffff }, 'limit-exceeded'],
    ['a store larger than it may', { store: 2001 }, 'limit-exceeded'],
    ['more entries than it has', { entries: 19 }, 'archive-truncated'],
  ])('whose header claims %s is a problem', async (_what, claims, code) => {
    const header = writeRpmHeader([[1000, 6, ['x']]], claims)
    expect(await problem(writeRpm(new Uint8Array(0), [], header))).toEqual([`problem ${code} x.rpm`])
  })

  it('whose tags point out of its store is a problem', async () => {
    const header = writeRpmHeader([
      [5092, 8, ['x']],
      [5114, 4, [4]],
    ])
    for (const [at, value] of [
      [24, 0xfffffff0],
      [28, 0xffffffff],
      [40, 100],
      [44, 0x7fffffff],
    ] as const) {
      const broken = Buffer.from(header)
      broken.writeUInt32BE(value, at)
      expect(await problem(writeRpm(payload, [], broken))).toEqual(['problem archive-malformed x.rpm'])
    }
  })

  it('of another format is not supported', async () => {
    for (const [tag, value] of [
      [5114, 5],
      [5114, 7],
    ] as const)
      expect(await problem(writeRpm(payload, [[tag, 4, [value]]]))).toEqual([
        'problem format-unsupported x.rpm',
      ])
    expect(await problem(writeRpm(payload, [[1124, 6, ['drpm']]]))).toEqual([
      'problem format-unsupported x.rpm',
    ])
  })

  it('of format 6 is read, and each of its digests compared', async () => {
    const digests = (sha512: Uint8Array, sha3: Uint8Array) =>
      writeRpmHeader([
        [5092, 8, [hash('sha256', payload)]],
        [5114, 4, [6]],
        [5121, 6, [hash('sha512', sha512)]],
        [5123, 6, [hash('sha3-256', sha3)]],
      ])
    const other = Buffer.from('other')
    expect(await problem(writeRpm(payload, [], digests(payload, payload)))).toEqual(['module x.rpm!lib/a.ko'])
    for (const header of [digests(other, payload), digests(payload, other)]) {
      expect(await problem(writeRpm(payload, [], header))).toEqual([
        'module x.rpm!lib/a.ko',
        'problem checksum-mismatch x.rpm',
      ])
    }
  })

  it('without a digest of its payload is read', async () => {
    expect(await problem(writeRpm(payload, [], writeRpmHeader([])))).toEqual(['module x.rpm!lib/a.ko'])
  })
})
