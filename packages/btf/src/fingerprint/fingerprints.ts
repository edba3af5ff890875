import type { Btf } from '../btf.js'
import { DefinitionDigests } from './digests.js'
import { type DigestRanks, rankDigests } from './ranks.js'
import { writeLaidOut } from './record.js'
import { SliceFingerprints } from './slice.js'
import { DigestWriter, hex, type Sha256 } from './writer.js'

/** The three fingerprints of a base, as lower-case hex. */
export interface Fingerprints {
  /** SHA-256 of the whole `.BTF`. */
  readonly bytes: string
  /** Of the records in their order, names as texts: equal where only the string table or the header is laid out otherwise. */
  readonly layout: string
  /** Of the set of definitions: equal where ids and repetitions alone differ. */
  readonly meaning: string
}

/**
 * Fingerprints of one base and of what modules need of it, as docs/fingerprints.md has them byte by byte. What takes time is
 * made when it is first asked for, and kept.
 */
export class BaseFingerprints {
  private readonly base: Btf
  private readonly sha256: Sha256
  private kept: { digests: DefinitionDigests; ranks: DigestRanks } | null = null
  private slices: SliceFingerprints | null = null

  /** @param base a BTF that stands on no other */
  constructor(base: Btf, sha256: Sha256) {
    this.base = base
    this.sha256 = sha256
  }

  /**
   * All three; `bytes` are those that the base was read from.
   * @throws BtfError `btf-repetition`
   */
  all(bytes: Uint8Array): Fingerprints {
    return { bytes: hex(this.sha256(bytes)), layout: this.layout(), meaning: this.meaning() }
  }

  /** @throws BtfError `btf-repetition` */
  layout(): string {
    const { base } = this
    const out = new DigestWriter()
    out.text('basedrift layout 1\n')
    out.u32(base.typeCount)
    for (let id = 1; id <= base.lastId; id++) writeLaidOut(out, base, id)
    return hex(this.sha256(out.written()))
  }

  /** @throws BtfError `btf-repetition` */
  meaning(): string {
    const { digests, ranks } = this.definitions()
    const out = new DigestWriter()
    out.text('basedrift meaning 1\n')
    out.u32(ranks.idOf.length)
    for (const id of ranks.idOf) out.raw(digests.of(id))
    return hex(this.sha256(out.written()))
  }

  /**
   * The fingerprint of what a module needs of this base: the names and definitions that its references reach. Equal for two
   * builds of a module, each on its own base, where neither base differs in anything that the module relies on.
   * @param split the module's BTF, read on this base
   * @throws BtfError `btf-repetition`
   */
  slice(split: Btf): string {
    if (this.slices === null) {
      const { digests, ranks } = this.definitions()
      this.slices = new SliceFingerprints(digests, ranks, this.sha256)
    }
    return this.slices.of(split)
  }

  private definitions(): { digests: DefinitionDigests; ranks: DigestRanks } {
    if (this.kept === null) {
      const digests = new DefinitionDigests(this.base, this.sha256)
      this.kept = { digests, ranks: rankDigests(digests.all) }
    }
    return this.kept
  }
}
