import { type GateVerdict, type Verdict, verdicts } from '@basedrift/contract'

/** Bits of a module's outcome beside the number of its verdict. */
export const outcomeBits = {
  verdict: 0x0f,
  refused: 0x10,
  idsWrong: 0x20,
  loadUnknown: 0x40,
  /** Of two bits: what is refused is never unknown too. */
  loadDoubtful: 0x50,
  symbolsMissing: 0x80,
} as const

/** Verdicts beside which wrong type ids in a module's code still matter: with the others its BTF is of no use anyway. */
const readsBtf: ReadonlySet<Verdict> = new Set<Verdict>(['compatible', 'changed', 'no-btf', 'unknown'])

const table: readonly (readonly GateVerdict[])[] = Array.from({ length: 256 }, (_, byte) => {
  const verdict = verdicts[byte & outcomeBits.verdict]
  // A verdict that this version does not know is none that may pass.
  if (verdict === undefined) return ['error']
  const load = byte & outcomeBits.loadDoubtful
  return [
    ...(verdict === 'compatible' ? [] : [verdict]),
    ...(load === outcomeBits.refused ? (['refused'] as const) : []),
    ...(byte & outcomeBits.idsWrong && readsBtf.has(verdict) ? (['loads-misread'] as const) : []),
    ...(byte & outcomeBits.symbolsMissing ? (['symbols-missing'] as const) : []),
    ...(load === outcomeBits.loadDoubtful ? (['load-doubtful'] as const) : []),
    ...(load === outcomeBits.loadUnknown ? (['load-unknown'] as const) : []),
  ]
})

/** What a gate looks at in a module, from its byte in the outcomes of a comparison; nothing of one that fits. */
export function gateVerdictsOf(byte: number): readonly GateVerdict[] {
  return table[byte] ?? ['error']
}
