import { describe, expect, it } from 'vitest'
import { checkBase, checkModule, type KernelReasonCode, Kind, prepareBase, readBtf } from '../src/index.js'
import { Builder } from './build.js'

const rules = (version: string, allowBtfMismatch: boolean | null = false) => ({ version, allowBtfMismatch })

function smallBase(): Builder {
  const b = new Builder()
  b.add({ kind: Kind.INT, name: b.str('int'), third: 4, rest: [0x01000020] })
  return b
    .add({ kind: Kind.STRUCT, name: b.str('node'), third: 8, vlen: 1, rest: [b.str('next'), 3, 0] })
    .add({ kind: Kind.PTR, third: 2 })
}
const baseBytes = smallBase().bytes()
const base = readBtf(baseBytes)
const running = prepareBase(baseBytes)
const split = (): Builder => new Builder(base.stringsEnd)
const load = (b: Builder | Uint8Array, version: string, allow: boolean | null = false) =>
  checkModule(
    { name: 'a-b', btf: b instanceof Builder ? b.bytes() : b, distilled: null },
    running,
    rules(version, allow),
  )

/** Writes words into a copy of the header. */
function header(bytes: Uint8Array, fields: Readonly<Record<number, number>>): Uint8Array {
  const copy = bytes.slice()
  for (const [at, value] of Object.entries(fields))
    new DataView(copy.buffer).setUint32(Number(at), value, true)
  return copy
}
const typeLen = base.header.typeLen
const strLen = base.header.strLen
const wide = smallBase().bytes({ hdrLen: 32 })
const layout = smallBase().bytes({ hdrLen: 32, layout: [0, 0, 0, 0] })

describe('the checks of header and sections', () => {
  it.each<[string, Uint8Array, KernelReasonCode, string, number]>([
    ['nothing', new Uint8Array(7), 'hdr-len-not-found', 'hdr_len not found', 22],
    ['half a header', baseBytes.subarray(0, 23), 'btf-header-not-found', 'btf_header not found', 22],
    ['the magic number', baseBytes.slice().fill(0, 0, 1), 'invalid-magic', 'Invalid magic', 22],
    ['the version', baseBytes.slice().fill(2, 2, 3), 'unsupported-version', 'Unsupported version', 524],
    ['the flags', baseBytes.slice().fill(1, 3, 4), 'unsupported-flags', 'Unsupported flags', 524],
    ['a header alone', header(baseBytes, { 4: 24 }).subarray(0, 24), 'no-data', 'No data', 22],
    ['a header too short for its magic', header(baseBytes, { 4: 0 }), 'invalid-magic', 'Invalid magic', 22],
    [
      'a header that covers no offsets',
      header(baseBytes, { 4: 8 }),
      'unsupported-section',
      'Unsupported section found',
      22,
    ],
    [
      'a section beyond the end',
      header(baseBytes, { 16: 5000 }),
      'invalid-section-offset',
      'Invalid section offset',
      22,
    ],
    ['a gap', header(baseBytes, { 8: 1 }), 'unsupported-section', 'Unsupported section found', 22],
    ['an overlap', header(baseBytes, { 16: typeLen - 1 }), 'section-overlap', 'Section overlap found', 22],
    [
      'too much',
      header(baseBytes, { 20: strLen + 1 }),
      'section-too-long',
      'Total section length too long',
      22,
    ],
    [
      'something left',
      header(baseBytes, { 20: strLen - 1 }),
      'unsupported-section',
      'Unsupported section found',
      22,
    ],
    [
      'an offset that is negative in 32 bits',
      header(baseBytes, { 16: 0x90000000 }),
      'invalid-section-offset',
      'Invalid section offset',
      22,
    ],
    [
      'strings that do not end',
      baseBytes.slice().fill(1, baseBytes.length - 1),
      'invalid-string-section',
      'Invalid string section',
      22,
    ],
    [
      'strings that do not begin',
      baseBytes.slice().fill(1, 24 + typeLen, 25 + typeLen),
      'invalid-string-section',
      'Invalid string section',
      22,
    ],
    [
      'no strings',
      header(baseBytes, { 20: 0 }).subarray(0, 24 + typeLen),
      'invalid-string-section',
      'Invalid string section',
      22,
    ],
    [
      'strings before types',
      header(
        new Uint8Array([
          ...baseBytes.subarray(0, 24),
          ...baseBytes.subarray(24 + typeLen),
          ...baseBytes.subarray(24, 24 + typeLen),
        ]),
        { 8: strLen, 16: 0 },
      ),
      'string-section-not-at-end',
      'String section is not at the end',
      22,
    ],
  ])('refuses %s', (_, bytes, code, message, errno) => {
    for (const version of ['5.11', '6.1', '7.3']) {
      const prefix = version === '5.11' ? 'BPF:' : 'BPF: '
      expect(checkBase(bytes, rules(version))).toEqual({
        outcome: 'rejected',
        errno,
        log: [prefix + message],
        reason: { code },
      })
    }
  })

  it('a longer header must be empty beyond what the kernel knows', () => {
    expect(checkBase(wide, rules('5.11')).outcome).toBe('accepted')
    expect(checkBase(layout, rules('6.15'))).toMatchObject({ errno: 7, log: ['BPF: Unsupported btf_header'] })
    expect(checkBase(layout, rules('7.3')).outcome).toBe('accepted')
    const longer = smallBase().bytes({ hdrLen: 40 })
    expect(checkBase(longer, rules('7.3')).outcome).toBe('accepted')
    expect(checkBase(longer.fill(1, 39, 40), rules('7.3'))).toMatchObject({ errno: 7 })
  })

  it('a base of the other byte order is the base of another machine', () => {
    const big = prepareBase(smallBase().bytes({ bigEndian: true }))
    const own = split().add({ kind: Kind.PTR, third: 2 })
    const outcome = (bigEndian: boolean) =>
      checkModule({ name: 'm', btf: own.bytes({ bigEndian }), distilled: null }, big, rules('6.1')).outcome
    expect(outcome(true)).toBe('accepted')
    expect(outcome(false)).toBe('rejected')
  })

  it('a split BTF may have no strings, and need not begin with NUL', () => {
    expect(load(split().add({ kind: Kind.PTR, third: 2 }), '6.1').outcome).toBe('accepted')
    const named = split()
    named.add({ kind: Kind.FWD, name: named.str('own') })
    expect(load(named, '6.1').outcome).toBe('accepted')
  })

  it('a section of size 0 is none', () => {
    expect(load(new Uint8Array(0), '6.1')).toEqual({ outcome: 'ignored', errno: 0, log: [], reason: null })
    expect(checkModule({ name: 'm', btf: null, distilled: baseBytes }, running, rules('6.12')).outcome).toBe(
      'ignored',
    )
  })

  it('a kernel whose own base is broken refuses every module with one line', () => {
    const broken = prepareBase(baseBytes.slice().fill(2, 2, 3))
    const answer = checkModule(
      { name: 'a-b', btf: split().add({ kind: Kind.PTR }).bytes(), distilled: null },
      broken,
      rules('6.1'),
    )
    expect(answer).toEqual({
      outcome: 'rejected',
      errno: 524,
      log: ['failed to validate module [a_b] BTF: -524'],
      reason: { code: 'base-invalid' },
    })
    expect(broken.problem).toMatchObject({ code: 'btf-version' })
  })
})

describe('chains of modifiers', () => {
  const chain = (length: number, last: number): Builder => {
    const b = split()
    for (let link = 1; link < length; link++) b.add({ kind: Kind.CONST, third: base.lastId + 1 + link })
    return b.add({ kind: Kind.CONST, third: last })
  }
  const final = (errno: number): string => `failed to validate module [a_b] BTF: -${errno}`

  it('may have 32 links, and no more', () => {
    expect(load(chain(32, 2), '6.1').outcome).toBe('accepted')
    expect(load(chain(33, 2), '6.1')).toMatchObject({
      errno: 40,
      log: ['BPF: Max chain length or cycle detected', final(40)],
      reason: { code: 'max-chain-length', typeId: base.lastId + 1 },
    })
    expect(load(chain(33, 2), '5.17').outcome).toBe('accepted')
  })

  it('must not lead back to where they start', () => {
    for (const version of ['5.18', '6.1', '7.3']) {
      expect(load(chain(1, base.lastId + 1), version)).toMatchObject({
        errno: 40,
        log: ['BPF: Max chain length or cycle detected', final(40)],
      })
    }
  })

  it('must end at a type that exists; the kernel does not say so', () => {
    expect(load(chain(1, 9), '6.1')).toEqual({
      outcome: 'rejected',
      errno: 22,
      log: [final(22)],
      reason: { code: 'chain-beyond-types', typeId: base.lastId + 1 },
    })
    expect(load(chain(1, 9), '5.17').outcome).toBe('accepted')
    expect(load(split().add({ kind: Kind.PTR, third: 9 }), '6.1').outcome).toBe('accepted')
  })

  it('must have their type tags first, before 7.0', () => {
    const b = split()
    b.add({ kind: Kind.CONST, third: 5 }).add({ kind: Kind.TYPE_TAG, name: b.str('tag'), third: 1 })
    expect(load(b, '6.15')).toMatchObject({
      errno: 22,
      log: ["BPF: Type tags don't precede modifiers", final(22)],
    })
    expect(load(b, '7.3').outcome).toBe('accepted')
    const right = split()
    right.add({ kind: Kind.TYPE_TAG, name: right.str('tag'), third: 5 }).add({ kind: Kind.CONST, third: 1 })
    expect(load(right, '6.15').outcome).toBe('accepted')
  })

  it('are looked at once where they reach the base', () => {
    const tagged = new Builder()
    tagged.add({ kind: Kind.INT, name: tagged.str('int'), third: 4, rest: [32] })
    tagged.add({ kind: Kind.TYPE_TAG, name: tagged.str('tag'), third: 1 }).add({ kind: Kind.CONST, third: 1 })
    const on = prepareBase(tagged.bytes())
    const own = (third: number) =>
      checkModule(
        {
          name: 'm',
          btf: new Builder(on.btf!.stringsEnd).add({ kind: Kind.CONST, third }).bytes(),
          distilled: null,
        },
        on,
        rules('6.1'),
      )
    expect(own(2)).toMatchObject({ errno: 22, reason: { code: 'type-tags-order' } })
    expect(own(3).outcome).toBe('accepted')
  })
})

describe('where mismatches are allowed', () => {
  const badStruct = split().add({ kind: Kind.STRUCT, name: 2, third: 4, vlen: 1, rest: [0, 0, 0] })
  const badEntry = (): Builder => {
    const b = split()
    return b.add({ kind: Kind.DATASEC, name: b.str('.d'), third: 4, vlen: 1, rest: [0, 0, 4] })
  }
  const badKind = split().add({ kind: 0 })

  it('kernels from 6.3 keep some messages to themselves, and print no final line', () => {
    expect(load(badStruct, '6.1', true).log).toEqual([
      'BPF: \t(anon) type_id=0 bits_offset=0',
      'BPF: Invalid type_id',
      'failed to validate module [a_b] BTF: -22',
    ])
    expect(load(badStruct, '6.6', true)).toMatchObject({
      outcome: 'discarded',
      errno: 22,
      log: [],
      reason: { code: 'invalid-type-id', path: 'struct nt.[0]' },
    })
    expect(load(badEntry(), '6.6', true).log).toEqual([
      'BPF: \t type_id=0 offset=0 size=4',
      'BPF: Invalid type_id',
    ])
    expect(load(badKind, '6.6', true).log).toEqual(['BPF: [4] Invalid kind:0'])
    expect(load(new Uint8Array(4), '6.6', true).log).toEqual(['BPF: hdr_len not found'])
  })

  it('a config that is not known counts as the default', () => {
    expect(load(badKind, '6.6', null)).toMatchObject({
      outcome: 'rejected',
      log: ['BPF: [4] Invalid kind:0', 'failed to validate module [a_b] BTF: -22'],
    })
  })
})
