import { readdirSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cell, columns, fittedColumns } from '../src/output/columns.js'
import { parseFormats } from '../src/output/formats.js'
import { wholeNumber } from '../src/output/numbers.js'
import { clipped, clippedPath, printable, wrapped } from '../src/output/printable.js'
import { isReason } from '../src/output/reason.js'
import { replaceTogether } from '../src/output/replace.js'
import { coloured, plain, styleFor } from '../src/output/style.js'
import { bytes, count, counted, listed } from '../src/output/words.js'
import { tempDir } from './support/temp.js'

describe('a table on a terminal', () => {
  const rows = [
    ['stream', 'build', 'state', 'id'],
    ['Debian:bookworm/amd64/cloud', '6.1.192-2', 'done', '019a0000-0000-7000-8000-000000000001'],
  ].map((row) => row.map((text) => cell(text)))
  const aligns = ['left', 'left', 'left', 'left'] as const
  const at = (width: number) =>
    fittedColumns(rows, aligns, { width, drop: ['state', 'build'], shorten: 'stream' })

  it('fits it: columns go in the order given, then one is clipped, never the id', () => {
    expect(at(Number.POSITIVE_INFINITY)).toEqual(columns(rows, aligns))
    expect(at(80).at(-1)).toBe('Not shown for want of room: state. --format json has all.')
    for (let width = 50; width <= 90; width++) {
      const lines = at(width)
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width)
      expect(lines[1]).toMatch(/ 019a0000-0000-7000-8000-000000000001$/)
    }
    expect(at(52)[1]).toMatch(/^Debian:bookw\S*… {2}019a/)
  })
})

describe('printable', () => {
  it('escapes what would steer a terminal or turn a text around', () => {
    expect(printable('a\u001b[2Jb')).toBe('a\\x1b[2Jb')
    expect(printable('a\r\nb\u009b')).toBe('a\\x0d\\x0ab\\x9b')
    expect(printable('a\u202eb\u200b\ufeff\u{e0041}\ud800')).toBe(
      'a\\u{202e}b\\u{200b}\\u{feff}\\u{e0041}\\u{d800}',
    )
    expect(printable('\tname\u00e9 ✓')).toBe(' nameé ✓')
  })

  it('leaves nothing that is not printable, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u)
      }),
    )
  })

  it('cuts at the end or, for paths, at the front', () => {
    expect(clipped('abcdef', 6)).toBe('abcdef')
    expect(clipped('abcdefg', 6)).toBe('abcde…')
    expect(clippedPath('a/b/c/module.ko', 10)).toBe('…module.ko')
  })
})

describe('wrapped', () => {
  it('breaks at blanks, and leaves long words whole', () => {
    expect(wrapped('Moved   one two three', 11, '  ')).toEqual(['Moved   one', '  two three'])
    expect(wrapped('a\u001b much-longer-word b', 8)).toEqual(['a\\x1b', 'much-longer-word', 'b'])
    expect(wrapped('short', 80)).toEqual(['short'])
  })
})

describe('a reason', () => {
  it('is no placeholder of help or advice', () => {
    for (const none of ['no', '   ', 'WHY', "'why'", '<reason>', 'REASON', 'text...', 'x'.repeat(1025)])
      expect([none, isReason(none)]).toEqual([none, false])
    for (const one of ['why not', 'a reason', '#4711', '理由です'])
      expect([one, isReason(one)]).toEqual([one, true])
  })
})

describe('words', () => {
  it('counts', () => {
    expect([count(0), count(999), count(1000), count(1234567)]).toEqual(['0', '999', '1,000', '1,234,567'])
    expect([counted(1, 'module'), counted(2, 'module')]).toEqual(['1 module', '2 modules'])
    expect([listed([]), listed(['a']), listed(['a', 'b']), listed(['a', 'b', 'c'])]).toEqual([
      '',
      'a',
      'a and b',
      'a, b and c',
    ])
  })

  it('shows sizes in a unit that fits', () => {
    expect([
      bytes(0),
      bytes(999),
      bytes(1000),
      bytes(999_949),
      bytes(999_951),
      bytes(4.36e6),
      bytes(5e15),
    ]).toEqual(['0 B', '999 B', '1.0 kB', '999.9 kB', '1.0 MB', '4.4 MB', '5000.0 TB'])
  })
})

describe('columns', () => {
  it('aligns by what is seen, not by what is written', () => {
    const rows = [
      [cell('a'), cell('1')],
      [cell('long', (text) => `<${text}>`), cell('1,234')],
    ]
    expect(columns(rows, ['left', 'right'], ' ')).toEqual([' a         1', ' <long>  1,234'])
  })
})

describe('styleFor', () => {
  it('colours only a terminal, and not against the will of its owner', () => {
    expect(styleFor({ isTTY: true }, {})).toBe(coloured)
    expect(styleFor({ isTTY: true }, { NO_COLOR: '' })).toBe(coloured)
    expect(styleFor({ isTTY: true }, { NO_COLOR: '1' })).toBe(plain)
    expect(styleFor({ isTTY: true }, { TERM: 'dumb' })).toBe(plain)
    expect(styleFor({}, {})).toBe(plain)
  })
})

describe('parseFormats', () => {
  const known = ['table', 'json'] as const

  it('takes the first format on standard output where none is given', () => {
    expect(parseFormats([], known)).toEqual([{ name: 'table', path: null }])
  })

  it('takes several, with files, also of the same format', () => {
    expect(parseFormats(['json=a=b.json', 'json=c.json', 'table'], known)).toEqual([
      { name: 'json', path: 'a=b.json' },
      { name: 'json', path: 'c.json' },
      { name: 'table', path: null },
    ])
  })

  it.each([
    [['xml'], 'There is no format "xml"'],
    [['json='], 'file name'],
    [['json', 'table'], 'standard output'],
  ])('refuses %j', (values, message) => {
    expect(() => parseFormats(values, known)).toThrow(message)
  })
})

describe('wholeNumber', () => {
  it('takes what is within its bounds', () => {
    const parse = wholeNumber('--limit', 1, 500)
    expect([parse('1'), parse('500')]).toEqual([1, 500])
    for (const text of ['0', '501', '-1', '1.5', '', 'ten', '1e2'])
      expect(() => parse(text)).toThrow('from 1 to 500')
  })
})

describe('replaceTogether', () => {
  const replace = (file: string, text: string, mode: number) =>
    replaceTogether((put) => put(file, Buffer.from(text), mode))

  it('does not write through a link that lies where it would write first', async () => {
    using temp = tempDir()
    const at = (name: string) => path.join(temp.path, name)
    const beside = `module.ko.${process.pid}.tmp`
    writeFileSync(at('elsewhere'), 'untouched')
    symlinkSync(at('elsewhere'), at(beside))
    await expect(replace(at('module.ko'), 'new', 0o644)).rejects.toMatchObject({
      code: 'output-unwritable',
      where: at('module.ko'),
    })
    expect(readFileSync(at('elsewhere'), 'latin1')).toBe('untouched')
    expect(readdirSync(temp.path).sort()).toEqual(['elsewhere', beside])
    unlinkSync(at(beside))
    await replace(at('module.ko'), 'new', 0o640)
    expect(readFileSync(at('module.ko'), 'latin1')).toBe('new')
    expect(readdirSync(temp.path).sort()).toEqual(['elsewhere', 'module.ko'])
  })
})
