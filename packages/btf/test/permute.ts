import { type Btf, visitTypeReferences } from '../src/index.js'

/**
 * The BTF of a base whose types stand in another order: `order` lists the old ids (an id may come again, or be left out
 * where nothing refers to it). References lead to the first place of what they led to.
 */
export function inOrder(base: Btf, order: readonly number[]): Uint8Array {
  const places = new Map<number, number>()
  for (const [index, id] of order.entries()) if (!places.has(id)) places.set(id, index + 1)
  const words: number[] = []
  for (const id of order) {
    const record = Uint32Array.from(base.record(id))
    visitTypeReferences(base, id, (to, index) => {
      record[index] = to === 0 || !base.has(to) ? to : places.get(to)!
    })
    words.push(...record)
  }
  const bytes = new Uint8Array(24 + words.length * 4 + base.strings.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, 0xeb9f, true)
  bytes[2] = 1
  for (const [index, word] of [24, 0, words.length * 4, words.length * 4, base.strings.length].entries())
    view.setUint32(4 + index * 4, word, true)
  for (const [index, word] of words.entries()) view.setUint32(24 + index * 4, word, true)
  bytes.set(base.strings, 24 + words.length * 4)
  return bytes
}
