import { refine } from '../binding/refine.js'
import type { Btf } from '../btf.js'
import { BtfError } from '../errors.js'
import { type ReferenceWriter, writeRecord } from './record.js'
import { type DigestWriter, hex, type Sha256 } from './writer.js'

/** Types without names of their own that may lead into circles: compilers make none, and each is written once for each. */
const mostCircular = 2048

/** First byte of what is written for a type that leads into a circle: no kind is 0. */
const circleTag = 0
/** Stands for a reference to another such type. */
const numberTag = 4

/**
 * Digests of types whose structure is told by a circle. Types that no path of references tells apart are one and the same
 * (the coarsest bisimulation), and each is written as what can be reached from it: the types numbered in the order in which
 * they are met, breadth first, their records in that order. So equal digests mean equal unfoldings, whatever the circle's
 * length in the file.
 * @param settled writes a reference to any other type
 * @throws BtfError `btf-repetition`
 */
export function digestCircles(
  base: Btf,
  circular: readonly number[],
  settled: ReferenceWriter,
  out: DigestWriter,
  sha256: Sha256,
  found: (id: number, digest: Uint8Array) => void,
): void {
  if (circular.length === 0) return
  if (circular.length > mostCircular) {
    throw new BtfError(
      'btf-repetition',
      `${circular.length} types without names lead into circles of such types, at most ${mostCircular} may.`,
    )
  }
  const nodes = new Map(circular.map((id, node) => [id, node]))
  const edges = circular.map((): number[] => [])
  const labels = circular.map((id, node) => {
    writeRecord(out.reset(), base, id, (to) => {
      const target = nodes.get(to)
      if (target === undefined) settled(to)
      else {
        out.u8(numberTag)
        edges[node]!.push(target)
      }
    })
    return hex(sha256(out.written()))
  })
  const classes = refine({ labels: numbered(labels), edges })
  const digests = new Map<number, Uint8Array>()
  for (const [node, id] of circular.entries()) {
    let digest = digests.get(classes[node]!)
    if (digest === undefined) {
      out.reset().u8(circleTag)
      writeUnfolding(base, node, { circular, nodes, classes }, settled, out)
      digest = sha256(out.written())
      digests.set(classes[node]!, digest)
    }
    found(id, digest)
  }
}

interface Circles {
  readonly circular: readonly number[]
  readonly nodes: ReadonlyMap<number, number>
  readonly classes: Uint32Array
}

/** Writes the records that can be reached from a node, each class once, numbered as they are met. */
function writeUnfolding(
  base: Btf,
  root: number,
  { circular, nodes, classes }: Circles,
  settled: ReferenceWriter,
  out: DigestWriter,
): void {
  const numbers = new Map([[classes[root]!, 0]])
  const queue = [root]
  for (let next = 0; next < queue.length; next++) {
    writeRecord(out, base, circular[queue[next]!]!, (to) => {
      const target = nodes.get(to)
      if (target === undefined) return settled(to)
      const known = numbers.get(classes[target]!)
      const number = known ?? queue.length
      if (known === undefined) {
        numbers.set(classes[target]!, number)
        queue.push(target)
      }
      out.u8(numberTag)
      out.u32(number)
    })
  }
}

/** Equal texts numbered alike. */
function numbered(texts: readonly string[]): number[] {
  const numbers = new Map<string, number>()
  return texts.map((text) => {
    const number = numbers.get(text) ?? numbers.size
    numbers.set(text, number)
    return number
  })
}
