import { commonWords, entryWords, fixedWords, Kind } from '../kinds.js'
import type { KernelTraits } from '../traits.js'
import { type BaseTables, Errno, type Sections } from './blob.js'
import { dottedNames, isName, plainNames, printableNames } from './names.js'
import { type KernelReasonCode, kernelReasonCodes } from './reasons.js'
import { mostNameOffset } from './sections.js'

/** BTF_MAX_TYPE */
export const mostTypes = 0xfffff

const recordBytes = commonWords * 4

/**
 * How a refusal is logged: the message alone; after the type without details (btf_verifier_log_basic) or with them
 * (btf_verifier_log_type); after the member; after the section's entry (btf_verifier_log_vsi).
 */
export type LogStyle = 'plain' | 'basic' | 'type' | 'member' | 'entry'

/**
 * The checks that the kernel makes of each type record, in the order of the file (btf_check_all_metas). References are not
 * followed, and ids need not exist. Stops at the first refusal and keeps what is needed to report it.
 */
export class TypeCheck {
  readonly traits: KernelTraits
  readonly words: Uint32Array
  readonly strings: Uint8Array
  readonly base: BaseTables | null
  readonly startId: number
  readonly startStr: number
  /** Where each own record starts, in words; the caller's, and longer than needed. */
  readonly starts: Uint32Array
  /** Own types accepted so far. */
  count = 0

  /** The refusal: where, what, how. `entry` is the number of the member, enumerator or section entry, or -1. */
  at = 0
  entry = -1
  style: LogStyle = 'plain'
  code: KernelReasonCode | null = null
  message = ''
  errno = 0

  private readonly typeLen: number
  private readonly stringsEnd: number
  private readonly identifier: Uint8Array

  /** `starts` must have room for a twelfth of the type section's bytes. */
  constructor(sections: Sections, base: BaseTables | null, traits: KernelTraits, starts: Uint32Array) {
    this.traits = traits
    this.words = sections.words
    this.typeLen = sections.typeLen
    this.strings = sections.strings
    this.base = base
    this.startId = base === null ? 1 : base.typesEnd
    this.startStr = base === null ? 0 : base.stringsEnd
    this.stringsEnd = this.startStr + sections.strings.length
    this.starts = starts
    this.identifier = traits.dottedNames ? dottedNames : plainNames
  }

  /** Checks all records; true where none is refused. */
  run(): boolean {
    const { words, typeLen, traits, starts, stringsEnd } = this
    const { reservedInfo, kindMask, vlenMask, lastKind } = traits
    let at = 0
    while (at * 4 < typeLen) {
      this.at = at
      const left = typeLen - at * 4
      if (left < recordBytes) return this.fail('plain', 'meta-too-short', this.tooShort(left, recordBytes))
      const nameOff = words[at]!
      const info = words[at + 1]!
      if ((info & reservedInfo) !== 0) {
        return this.fail('plain', 'invalid-btf-info', `${this.tag()} Invalid btf_info:${info.toString(16)}`)
      }
      const kind = (info >>> 24) & kindMask
      if (kind === 0 || kind > lastKind) {
        return this.fail('plain', 'invalid-kind', `${this.tag()} Invalid kind:${kind}`)
      }
      if (nameOff > mostNameOffset || nameOff >= stringsEnd) {
        return this.fail('plain', 'invalid-name-offset', `${this.tag()} Invalid name_offset:${nameOff}`)
      }
      const vlen = info & vlenMask
      const trailing = fixedWords[kind]! + vlen * entryWords[kind]!
      if (trailing * 4 > left - recordBytes) {
        const needed = trailing * 4
        return this.fail('basic', 'meta-too-short', `meta_left:${left - recordBytes} meta_needed:${needed}`)
      }
      if (!this.checkKind(at, kind, nameOff, vlen, info >>> 31)) return false
      starts[this.count++] = at
      at += commonWords + trailing
    }
    return true
  }

  private checkKind(at: number, kind: number, nameOff: number, vlen: number, flag: number): boolean {
    switch (kind) {
      case Kind.INT:
        return this.checkInt(at, vlen, flag)
      case Kind.ARRAY:
        return this.checkArray(at, nameOff, vlen, flag)
      case Kind.STRUCT:
      case Kind.UNION:
        return this.checkStruct(at, kind, nameOff, vlen, flag)
      case Kind.ENUM:
      case Kind.ENUM64:
        return this.checkEnum(at, kind, nameOff, vlen, flag)
      case Kind.FWD:
        if (vlen !== 0) return this.fail('type', 'vlen-not-zero')
        if (this.words[at + 2] !== 0) return this.fail('type', 'type-not-zero')
        return this.isIdentifier(nameOff) || this.fail('type', 'invalid-name')
      case Kind.FUNC:
        if (!this.isIdentifier(nameOff)) return this.fail('type', 'invalid-name')
        if (vlen > 1) return this.fail('type', 'invalid-func-linkage')
        return flag === 0 || this.fail('type', 'invalid-kind-flag')
      case Kind.FUNC_PROTO:
        if (nameOff !== 0) return this.fail('type', 'invalid-name')
        return flag === 0 || this.fail('type', 'invalid-kind-flag')
      case Kind.VAR:
        return this.checkVar(at, nameOff, vlen, flag)
      case Kind.DATASEC:
        return this.checkDatasec(at, nameOff, vlen, flag)
      case Kind.FLOAT:
        return this.checkFloat(at, vlen, flag)
      case Kind.DECL_TAG:
        return this.checkDeclTag(at, nameOff, vlen, flag)
      default:
        return this.checkReference(at, kind, nameOff, vlen, flag)
    }
  }

  /** btf_int_check_meta */
  private checkInt(at: number, vlen: number, flag: number): boolean {
    const data = this.words[at + 3]!
    if (vlen !== 0) return this.fail('type', 'vlen-not-zero')
    if (flag !== 0) return this.fail('type', 'invalid-kind-flag')
    if ((data & 0xf0000000) !== 0) {
      return this.fail('basic', 'invalid-int-data', `Invalid int_data:${data.toString(16)}`)
    }
    const bits = (data & 0xff) + ((data >>> 16) & 0xff)
    if (bits > 128) return this.fail('type', 'nr-bits-exceeds-128')
    if ((bits + 7) >>> 3 > this.words[at + 2]!) return this.fail('type', 'nr-bits-exceeds-type-size')
    const encoding = (data >>> 24) & 0x0f
    const known = encoding === 0 || encoding === 1 || encoding === 2 || encoding === 4
    return known || this.fail('type', 'unsupported-encoding', undefined, Errno.ENOTSUPP)
  }

  /** btf_ref_type_check_meta: pointers, qualifiers, typedefs, type tags. */
  private checkReference(at: number, kind: number, nameOff: number, vlen: number, flag: number): boolean {
    if (vlen !== 0) return this.fail('type', 'vlen-not-zero')
    if (flag !== 0 && !(kind === Kind.TYPE_TAG && this.traits.tagFlag)) {
      return this.fail('type', 'invalid-kind-flag')
    }
    if (this.words[at + 2]! > mostTypes) return this.fail('type', 'invalid-type-id')
    if (kind === Kind.TYPEDEF) {
      if (nameOff === 0 || !this.isIdentifier(nameOff)) return this.fail('type', 'invalid-name')
    } else if (kind === Kind.TYPE_TAG) {
      if (this.byteAt(nameOff) === 0) return this.fail('type', 'invalid-name')
    } else if (nameOff !== 0) return this.fail('type', 'invalid-name')
    return true
  }

  /** btf_array_check_meta */
  private checkArray(at: number, nameOff: number, vlen: number, flag: number): boolean {
    const { words } = this
    if (nameOff !== 0) return this.fail('type', 'invalid-name')
    if (vlen !== 0) return this.fail('type', 'vlen-not-zero')
    if (flag !== 0) return this.fail('type', 'invalid-kind-flag')
    if (words[at + 2] !== 0) return this.fail('type', 'size-not-zero')
    if (!isTypeId(words[at + 3]!)) return this.fail('type', 'invalid-elem')
    return isTypeId(words[at + 4]!) || this.fail('type', 'invalid-index')
  }

  /** btf_struct_check_meta */
  private checkStruct(at: number, kind: number, nameOff: number, vlen: number, flag: number): boolean {
    const { words, stringsEnd } = this
    if (nameOff !== 0 && !this.isIdentifier(nameOff)) return this.fail('type', 'invalid-name')
    const size = words[at + 2]!
    const isUnion = kind === Kind.UNION
    let last = 0
    for (let entry = 0, word = at + commonWords; entry < vlen; entry++, word += 3) {
      this.entry = entry
      const name = words[word]!
      if (name > mostNameOffset || name >= stringsEnd) {
        return this.fail('member', 'invalid-member-name-offset', `Invalid member name_offset:${name}`)
      }
      if (name !== 0 && !this.isIdentifier(name)) return this.fail('member', 'invalid-name')
      if (!isTypeId(words[word + 1]!)) return this.fail('member', 'invalid-type-id')
      const offset = flag === 0 ? words[word + 2]! : words[word + 2]! & 0xffffff
      if ((isUnion && offset !== 0) || offset < last) return this.fail('member', 'invalid-member-bits-offset')
      if ((offset >>> 3) + ((offset & 7) === 0 ? 0 : 1) > size)
        return this.fail('member', 'member-exceeds-struct')
      last = offset
    }
    this.entry = -1
    return true
  }

  /** btf_enum_check_meta, btf_enum64_check_meta */
  private checkEnum(at: number, kind: number, nameOff: number, vlen: number, flag: number): boolean {
    const { words, stringsEnd } = this
    if (flag !== 0 && !this.traits.enum64Kind) return this.fail('type', 'invalid-kind-flag')
    const size = words[at + 2]!
    if (size > 8 || size === 0 || (size & (size - 1)) !== 0) return this.fail('type', 'unexpected-size')
    if (nameOff !== 0 && !this.isIdentifier(nameOff)) return this.fail('type', 'invalid-name')
    const step = entryWords[kind]!
    for (let entry = 0, word = at + commonWords; entry < vlen; entry++, word += step) {
      this.entry = entry
      const name = words[word]!
      if (name > mostNameOffset || name >= stringsEnd) {
        return this.fail('plain', 'invalid-name-offset', `\tInvalid name_offset:${name}`)
      }
      if (name === 0 || !this.isIdentifier(name)) return this.fail('type', 'invalid-name')
    }
    this.entry = -1
    return true
  }

  /** btf_var_check_meta */
  private checkVar(at: number, nameOff: number, vlen: number, flag: number): boolean {
    if (vlen !== 0) return this.fail('type', 'vlen-not-zero')
    if (flag !== 0) return this.fail('type', 'invalid-kind-flag')
    if (!this.isNamed(nameOff, dottedNames)) return this.fail('type', 'invalid-name')
    if (!isTypeId(this.words[at + 2]!)) return this.fail('type', 'invalid-type-id')
    return this.words[at + 3]! <= 1 || this.fail('type', 'linkage-not-supported')
  }

  /** btf_datasec_check_meta */
  private checkDatasec(at: number, nameOff: number, vlen: number, flag: number): boolean {
    const { words } = this
    if (vlen === 0 && !this.traits.emptyDatasec) return this.fail('type', 'vlen-zero')
    const size = words[at + 2]!
    if (size === 0) return this.fail('type', 'size-zero')
    if (flag !== 0) return this.fail('type', 'invalid-kind-flag')
    const allowed = this.traits.printableSections ? printableNames : dottedNames
    if (!this.isNamed(nameOff, allowed)) return this.fail('type', 'invalid-name')
    let end = 0
    let sum = 0
    for (let entry = 0, word = at + commonWords; entry < vlen; entry++, word += 3) {
      this.entry = entry
      if (!isTypeId(words[word]!)) return this.fail('entry', 'invalid-type-id')
      const offset = words[word + 1]!
      if (offset < end || offset >= size) return this.fail('entry', 'invalid-offset')
      const length = words[word + 2]!
      if (length === 0 || length > size) return this.fail('entry', 'invalid-size')
      // The kernel adds them in 32 bits.
      end = (offset + length) >>> 0
      if (end > size) return this.fail('entry', 'invalid-offset-plus-size')
      sum += length
    }
    this.entry = -1
    return sum <= size || this.fail('type', 'invalid-btf-info-size')
  }

  /** btf_float_check_meta */
  private checkFloat(at: number, vlen: number, flag: number): boolean {
    const size = this.words[at + 2]!
    if (vlen !== 0) return this.fail('type', 'vlen-not-zero')
    if (flag !== 0) return this.fail('type', 'invalid-kind-flag')
    const known = size === 2 || size === 4 || size === 8 || size === 12 || size === 16
    return known || this.fail('type', 'invalid-type-size')
  }

  /** btf_decl_tag_check_meta */
  private checkDeclTag(at: number, nameOff: number, vlen: number, flag: number): boolean {
    if (this.byteAt(nameOff) === 0) return this.fail('type', 'invalid-value')
    if (vlen !== 0) return this.fail('type', 'vlen-not-zero')
    if (flag !== 0 && !this.traits.tagFlag) return this.fail('type', 'invalid-kind-flag')
    return (this.words[at + 3]! | 0) >= -1 || this.fail('type', 'invalid-component-idx')
  }

  /** Whether a valid identifier starts at a valid string offset. */
  private isIdentifier(offset: number): boolean {
    const own = offset - this.startStr
    if (own < 0) return this.base!.identifiers[offset] === 1
    return isName(this.strings, own, this.identifier, this.traits.longestName)
  }

  private isNamed(offset: number, allowed: Uint8Array): boolean {
    const own = offset - this.startStr
    const { longestName } = this.traits
    if (own < 0) return isName(this.base!.strings, offset, allowed, longestName)
    return isName(this.strings, own, allowed, longestName)
  }

  private byteAt(offset: number): number {
    const own = offset - this.startStr
    return own < 0 ? this.base!.strings[offset]! : this.strings[own]!
  }

  private tag(): string {
    return `[${this.startId + this.count}]`
  }

  private tooShort(left: number, needed: number): string {
    return `${this.tag()} meta_left:${left} meta_needed:${needed}`
  }

  private fail(
    style: LogStyle,
    code: KernelReasonCode,
    message: string = kernelReasonCodes[code],
    errno: number = Errno.EINVAL,
  ): false {
    this.style = style
    this.code = code
    this.message = message
    this.errno = errno
    return false
  }
}

/** Neither void nor beyond BTF_MAX_TYPE; the type need not exist. */
function isTypeId(id: number): boolean {
  return id !== 0 && id <= mostTypes
}
