import { type KernelReasonCode, Kind } from '../src/index.js'
import type { Builder, Record } from './build.js'

/** A case: what, the type after INT 'int' (id 1), versions, the lines that the kernel prints without their prefix. */
export interface Case {
  readonly what: string
  readonly type: Record | ((b: Builder) => Record)
  /** Versions that refuse it; all when left out. */
  readonly on?: readonly string[]
  /** Versions that accept it. */
  readonly notOn?: readonly string[]
  readonly log: readonly string[]
  readonly code: KernelReasonCode
  readonly errno?: number
}

export const named =
  (kind: number, name: string, more: Partial<Record> = {}) =>
  (b: Builder): Record => ({
    kind,
    name: b.str(name),
    ...more,
  })
export const member =
  (name: string, type: number, offset: number, more: Partial<Record> = {}) =>
  (b: Builder): Record => ({
    kind: Kind.STRUCT,
    name: b.str('s'),
    vlen: 1,
    third: 4,
    rest: [name === '' ? 0 : b.str(name), type, offset],
    ...more,
  })
export const invalidName = { code: 'invalid-name' } as const
export const flagged = { code: 'invalid-kind-flag' } as const
export const flagLine = 'Invalid btf_info kind_flag'
