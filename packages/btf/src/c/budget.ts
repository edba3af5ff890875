import type { Btf } from '../btf.js'
import { BtfError } from '../errors.js'

/** Steps that any BTF may take, however small, and more for each word of its records. */
const fewest = 100_000
const perWord = 10

/** Characters that are written in one step. */
const charactersPerStep = 16

/**
 * Work that printing may take, in steps along references and in text. Real BTF takes one or two for each word of its
 * records; a malformed one could make it exponential in its size.
 */
export class Budget {
  private left = fewest

  constructor(btf: Btf) {
    for (let part: Btf | null = btf; part !== null; part = part.base) this.left += part.words.length * perWord
  }

  /** @throws BtfError `btf-not-c` where nothing is left */
  spend(steps = 1): void {
    this.left -= steps
    if (this.left < 0) throw notC('Its types refer to each other too often to be written out.')
  }

  /** As {@link spend}, for text of this length. */
  spendText(characters: number): void {
    this.spend(characters / charactersPerStep)
  }
}

/** The error for what C cannot say. */
export function notC(message: string): BtfError {
  return new BtfError('btf-not-c', `${message} No C can be printed of this BTF; print it in its raw form.`)
}
