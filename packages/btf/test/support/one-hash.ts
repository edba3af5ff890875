/** The inverse of an odd number modulo 2^32: each step of Newton's doubles the bits that are right. */
function inverse(odd: number): number {
  let found = odd
  for (let bits = 3; bits < 32; bits *= 2) found = Math.imul(found, 2 - Math.imul(odd, found))
  return found
}
const [first, second] = [0xcc9e2d51, 0x1b873593]
const rotated = (word: number, by: number) => (word << by) | (word >>> (32 - by))

/** What MurmurHash3 makes of a word before it goes into the hash, and the word that it makes that of. */
const mixed = (word: number) => Math.imul(rotated(Math.imul(word, first), 15), second)
const unmixed = (mix: number) => Math.imul(rotated(Math.imul(mix, inverse(second)), 17), inverse(first)) >>> 0

/**
 * The word that ends a key of an `Interner`, so that all keys of as many words have one hash: it takes back what those before it
 * have done.
 */
export function lastWord(before: readonly number[]): number {
  let hash = before.length + 1
  for (const word of before) hash = Math.imul(rotated(hash ^ mixed(word), 13), 5) + 0xe6546b64
  return unmixed(hash)
}
