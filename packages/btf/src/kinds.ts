/** The kinds of BTF types, by the kernel's names (include/uapi/linux/btf.h). */
export const Kind = {
  UNKN: 0,
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  FWD: 7,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
} as const

/** The highest kind this engine knows. */
export const lastKind = Kind.ENUM64

/** The name of each kind, as the kernel's log and bpftool print it; the index is the kind. */
export const kindNames: readonly string[] = Object.keys(Kind)

/** Words (4 bytes) that follow the three common words of a record, once, for each kind. */
export const fixedWords = Uint8Array.of(0, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0)

/** Words that follow for each of the `vlen` entries, for each kind. */
export const entryWords = Uint8Array.of(0, 0, 0, 0, 3, 3, 2, 0, 0, 0, 0, 0, 0, 2, 0, 3, 0, 0, 0, 3)

/** The words that every record starts with: name_off, info, size or type. */
export const commonWords = 3

const modifierBits =
  (1 << Kind.TYPEDEF) | (1 << Kind.VOLATILE) | (1 << Kind.CONST) | (1 << Kind.RESTRICT) | (1 << Kind.TYPE_TAG)

/** Whether a kind only qualifies or renames the type it refers to (btf_type_is_modifier). */
export function isModifier(kind: number): boolean {
  return kind <= lastKind && ((modifierBits >>> kind) & 1) === 1
}

const referenceBits =
  modifierBits |
  (1 << Kind.PTR) |
  (1 << Kind.FUNC) |
  (1 << Kind.FUNC_PROTO) |
  (1 << Kind.VAR) |
  (1 << Kind.DECL_TAG)

/** Whether the third word of a record of this kind is a type id (rather than a size). */
export function thirdWordIsType(kind: number): boolean {
  return kind <= lastKind && ((referenceBits >>> kind) & 1) === 1
}

const sizedBits =
  (1 << Kind.INT) |
  (1 << Kind.FLOAT) |
  (1 << Kind.STRUCT) |
  (1 << Kind.UNION) |
  (1 << Kind.ENUM) |
  (1 << Kind.ENUM64)

/** Whether the third word of a record of this kind is the size of a type that a variable can have. */
export function hasSize(kind: number): boolean {
  return kind <= lastKind && ((sizedBits >>> kind) & 1) === 1
}
