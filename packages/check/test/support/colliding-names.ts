const hashAfter = (state: number, text: Uint8Array) =>
  text.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), state)

/** Texts of eight letters, in an order that has nothing to do with their hashes. */
function* texts(): Generator<Uint8Array> {
  for (let state = 1; ; ) {
    const text = new Uint8Array(8)
    for (let at = 0; at < text.length; at++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      text[at] = 0x61 + ((state >>> 16) % 26)
    }
    yield text
  }
}

/** Two texts that lead from a state of FNV-1a to the same next one: some 80,000 have to be looked at. */
function fork(state: number): { pair: [Uint8Array, Uint8Array]; next: number } {
  const seen = new Map<number, Uint8Array>()
  for (const text of texts()) {
    const next = hashAfter(state, text)
    const other = seen.get(next)
    if (other !== undefined) return { pair: [other, text], next }
    seen.set(next, text)
  }
  throw new Error('The texts do not end.')
}

/** `2 ** forks` names of one length and one FNV-1a hash: every fork doubles them. */
export function namesOfOneHash(forks: number): Uint8Array[] {
  const pairs: [Uint8Array, Uint8Array][] = []
  for (let state = 0x811c9dc5; pairs.length < forks; ) {
    const { pair, next } = fork(state)
    pairs.push(pair)
    state = next
  }
  return Array.from({ length: 2 ** forks }, (_, nth) => {
    const name = new Uint8Array(forks * 8)
    for (const [at, pair] of pairs.entries()) name.set(pair[(nth >> at) & 1]!, at * 8)
    return name
  })
}
