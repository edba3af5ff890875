import { lastWord } from '../../../btf/test/support/one-hash.js'

/** `2 ** power` names of eight bytes, none a NUL, that have one hash in a `NamePool`: four letters, and what makes it so. */
export function namesOfOneHash(power: number): Uint8Array[] {
  const names: Uint8Array[] = []
  for (let nth = 0; names.length < 2 ** power; nth++) {
    const name = Uint8Array.from({ length: 8 }, (_, at) => 0x61 + (Math.floor(nth / 26 ** at) % 26))
    const words = new Uint32Array(name.buffer)
    words[1] = lastWord([name.length, words[0]!])
    if (!name.includes(0)) names.push(name)
  }
  return names
}
