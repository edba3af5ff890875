import { BtfError } from '../errors.js'

/**
 * Work that printing may take, in steps along references. Real BTF takes a few per type; a malformed one could make it
 * exponential in its size.
 */
export class Budget {
  private left: number

  constructor(types: number) {
    this.left = 1_000_000 + types * 100
  }

  /** @throws BtfError `btf-not-c` where nothing is left */
  spend(): void {
    if (this.left-- <= 0) throw notC('Its types refer to each other too often to be written out.')
  }
}

/** The error for what C cannot say. */
export function notC(message: string): BtfError {
  return new BtfError('btf-not-c', `${message} No C can be printed of this BTF; print it in its raw form.`)
}
