import type { Btf } from '../btf.js'
import { commonWords, entryWords, fixedWords, Kind, lastKind } from '../kinds.js'
import { stringStep } from '../references.js'
import type { DigestWriter } from './writer.js'

/** Writes what stands for a reference to type `id`. */
export type ReferenceWriter = (id: number) => void

/**
 * Writes one own record by what it means: kind, flag, name, then what the kind has of its own with its references in order.
 * Members count by bit offset and size of the bit field, however the record's flag has them written; of a kind that is not
 * known every word but the name counts as it stands. `pushRecord` of the classes walks alike; it may change with them, and the
 * bytes of a fingerprint may not.
 */
export function writeRecord(out: DigestWriter, btf: Btf, id: number, reference: ReferenceWriter): void {
  const { words } = btf
  const at = btf.starts[id - btf.startId]!
  const kind = btf.kind(id)
  const vlen = btf.vlen(id)
  const flag = words[at + 1]! >>> 31
  const third = words[at + 2]!
  out.u8(kind)
  out.u8(kind === Kind.STRUCT || kind === Kind.UNION ? 0 : flag)
  out.name(btf, words[at]!)
  const first = at + commonWords
  switch (kind) {
    case Kind.INT:
      out.u32(third)
      out.u32(words[first]!)
      return
    case Kind.FLOAT:
      out.u32(third)
      return
    case Kind.FWD:
      return
    case Kind.PTR:
    case Kind.TYPEDEF:
    case Kind.VOLATILE:
    case Kind.CONST:
    case Kind.RESTRICT:
    case Kind.TYPE_TAG:
      reference(third)
      return
    case Kind.FUNC:
      out.u32(vlen)
      reference(third)
      return
    case Kind.VAR:
    case Kind.DECL_TAG:
      out.u32(words[first]!)
      reference(third)
      return
    case Kind.ARRAY:
      out.u32(words[first + 2]!)
      reference(words[first]!)
      reference(words[first + 1]!)
      return
    case Kind.STRUCT:
    case Kind.UNION:
      out.u32(third)
      out.u32(vlen)
      for (let left = vlen, word = first; left > 0; left--, word += 3) {
        const place = words[word + 2]!
        out.name(btf, words[word]!)
        out.u32(flag === 1 ? place & 0xffffff : place)
        out.u32(flag === 1 ? place >>> 24 : 0)
        reference(words[word + 1]!)
      }
      return
    case Kind.ENUM:
    case Kind.ENUM64: {
      out.u32(third)
      out.u32(vlen)
      const step = entryWords[kind]!
      for (let left = vlen, word = first; left > 0; left--, word += step) {
        out.name(btf, words[word]!)
        for (let part = 1; part < step; part++) out.u32(words[word + part]!)
      }
      return
    }
    case Kind.FUNC_PROTO:
      out.u32(vlen)
      reference(third)
      for (let left = vlen, word = first; left > 0; left--, word += 2) {
        out.name(btf, words[word]!)
        reference(words[word + 1]!)
      }
      return
    case Kind.DATASEC:
      out.u32(third)
      out.u32(vlen)
      for (let left = vlen, word = first; left > 0; left--, word += 3) {
        out.u32(words[word + 1]!)
        out.u32(words[word + 2]!)
        reference(words[word]!)
      }
      return
    default: {
      const record = btf.record(id)
      for (let word = 1; word < record.length; word++) out.u32(record[word]!)
    }
  }
}

/** Writes one own record word by word as it stands, except that names are texts: ids, flags and order count. */
export function writeLaidOut(out: DigestWriter, btf: Btf, id: number): void {
  const { words } = btf
  const index = id - btf.startId
  const at = btf.starts[index]!
  const end = btf.starts[index + 1] ?? words.length
  const kind = btf.kind(id)
  out.name(btf, words[at]!)
  out.u32(kind)
  out.u32(btf.vlen(id))
  out.u32(words[at + 1]! >>> 31)
  out.u32(words[at + 2]!)
  const step = kind > lastKind ? 0 : stringStep(kind)
  const entries = step === 0 ? end : at + commonWords + fixedWords[kind]!
  for (let word = at + commonWords; word < end; word++) {
    if (word >= entries && (word - entries) % step === 0) out.name(btf, words[word]!)
    else out.u32(words[word]!)
  }
}
