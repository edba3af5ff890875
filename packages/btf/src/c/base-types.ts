import type { Btf } from '../btf.js'
import { Kind } from '../kinds.js'
import { shortString } from './names.js'

/** Words that names of integers are made of in C. */
const integerWords = new Set(['signed', 'unsigned', 'char', 'short', 'int', 'long', '__int128', '_Bool'])

/** Floating-point types of C, with their sizes; 0 where it depends on the machine. */
const floats: ReadonlyMap<string, number> = new Map([
  ['__bf16', 2],
  ['__fp16', 2],
  ['_Float16', 2],
  ['float', 4],
  ['_Float32', 4],
  ['double', 8],
  ['_Float64', 8],
  ['_Float32x', 8],
  ['long double', 0],
  ['_Float64x', 16],
  ['_Float128', 16],
])

export const integersBySize: ReadonlyMap<number, string> = new Map([
  [1, 'char'],
  [2, 'short'],
  [4, 'int'],
  [8, 'long long'],
  [16, '__int128'],
])
const floatsBySize: ReadonlyMap<number, string> = new Map([
  [2, '_Float16'],
  [4, 'float'],
  [8, 'double'],
  [12, 'long double'],
  [16, 'long double'],
])

/** What gcc calls polynomials on Arm, where they are integers; libbpf defines them so (btf_dump.c, missing_base_types). */
export const polynomials: ReadonlyMap<string, string> = new Map([
  ['__Poly8_t', 'unsigned char'],
  ['__Poly16_t', 'unsigned short'],
  ['__Poly64_t', 'unsigned long long'],
  ['__Poly128_t', 'unsigned __int128'],
])

const pointerSizes = new WeakMap<Btf, number>()

/** The size of a pointer on the machine that a BTF is for: that of its `long`; 8 where it has none. */
export function pointerSize(btf: Btf): number {
  let size = pointerSizes.get(btf)
  if (size === undefined) {
    size = sizeOfLong(btf)
    pointerSizes.set(btf, size)
  }
  return size
}

function sizeOfLong(btf: Btf): number {
  for (let id = 1; id <= btf.lastId; id++) {
    if (btf.kind(id) !== Kind.INT) continue
    const size = btf.sizeOrType(id)
    if ((size === 4 || size === 8) && isLong(shortString(btf, btf.nameOff(id)) ?? '')) return size
  }
  return 8
}

function isLong(name: string): boolean {
  const words = name.split(' ')
  return words.filter((word) => word === 'long').length === 1 && sizeOfInteger(words, 8) === 8
}

/** The size that C gives an integer type; 0 where the words are none. */
function sizeOfInteger(words: readonly string[], pointer: number): number {
  if (!words.every((word) => integerWords.has(word))) return 0
  const longs = words.filter((word) => word === 'long').length
  if (words.includes('_Bool')) return words.length === 1 ? 1 : 0
  if (words.includes('__int128')) return 16
  if (words.includes('char')) return 1
  if (words.includes('short')) return 2
  return longs === 0 ? 4 : longs === 1 ? pointer : 8
}

/**
 * An INT or FLOAT as C has it: by its own name where that is one of C and has the same size, else by a type of the same
 * size and signedness; null where C has none. Other languages have other names: `usize`, `bool`.
 */
export function baseType(btf: Btf, id: number, pointer: number): string | null {
  const name = shortString(btf, btf.nameOff(id)) ?? ''
  const size = btf.sizeOrType(id)
  if (btf.kind(id) === Kind.FLOAT) {
    const known = floats.get(name)
    return known === size || (known === 0 && size >= 8) ? name : (floatsBySize.get(size) ?? null)
  }
  if (sizeOfInteger(name.split(' '), pointer) === size || polynomials.has(name)) return name
  const encoding = btf.word(id, 3) >>> 24
  const word = integersBySize.get(size)
  if (word === undefined) return null
  if (size === 1 && (encoding & 4) !== 0) return '_Bool'
  return `${(encoding & 1) === 0 ? 'unsigned' : 'signed'} ${word}`
}
