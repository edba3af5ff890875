import type { Btf } from '../btf.js'
import { Kind } from '../kinds.js'
import { digestCircles } from './circles.js'
import { structuralOrder, structuralTypes } from './entities.js'
import { writeRecord } from './record.js'
import { DigestWriter, digestBytes, type Sha256 } from './writer.js'

/** What a reference is written as; docs/fingerprints.md has the same table. */
const referenceTag = { void: 0, absent: 1, named: 2, structural: 3 } as const

/** The digest of each definition of a base, made once. */
export class DefinitionDigests {
  readonly base: Btf
  /** By id: 1 where a type is the same as another by its structure, 0 where by its kind and name. */
  readonly structural: Uint8Array
  private readonly digests: Uint8Array

  /** @throws BtfError `btf-repetition` */
  constructor(base: Btf, sha256: Sha256) {
    this.base = base
    this.structural = structuralTypes(base)
    this.digests = new Uint8Array((base.lastId + 1) * digestBytes)
    const out = new DigestWriter()
    const reference = (id: number): void => this.writeReference(out, id)
    const found = (id: number, digest: Uint8Array): void => this.digests.set(digest, id * digestBytes)
    const digest = (id: number): void => {
      writeRecord(out.reset(), base, id, reference)
      found(id, sha256(out.written()))
    }
    const { order, circular } = structuralOrder(base, this.structural)
    for (const id of order) digest(id)
    digestCircles(base, circular, reference, out, sha256, found)
    for (let id = 1; id <= base.lastId; id++) if (this.structural[id] === 0) digest(id)
  }

  /** The 32 bytes of the digest of type `id`, as a view. */
  of(id: number): Uint8Array {
    return this.digests.subarray(id * digestBytes, (id + 1) * digestBytes)
  }

  /** All digests, 32 bytes for each id from 0 on; those of void are 0. */
  get all(): Uint8Array {
    return this.digests
  }

  /** Writes the entity that a type id denotes: kind and name, or the digest of its structure. */
  private writeReference(out: DigestWriter, id: number): void {
    const { base } = this
    if (id === 0) out.u8(referenceTag.void)
    else if (!base.has(id)) out.u8(referenceTag.absent)
    else if (this.structural[id] === 1) {
      out.u8(referenceTag.structural)
      out.raw(this.of(id))
    } else {
      const kind = base.kind(id)
      out.u8(referenceTag.named)
      out.u8(kind)
      out.u8(kind === Kind.FWD && base.kindFlag(id) ? 1 : 0)
      out.name(base, base.nameOff(id))
    }
  }
}
