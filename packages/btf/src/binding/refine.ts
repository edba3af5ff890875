/** A graph whose nodes have a label and ordered edges; nodes of the same label have the same number of edges. */
export interface LabelledGraph {
  /** By node. */
  readonly labels: readonly number[]
  /** By node: the nodes its edges lead to, in order. */
  readonly edges: readonly (readonly number[])[]
}

/**
 * The coarsest partition in which nodes of one block have the same label and, edge by edge, lead to the same block: the
 * nodes that no path tells apart (bisimulation; Hopcroft's minimisation of automata, O(m log n)). Gives the block of each node.
 */
export function refine({ labels, edges }: LabelledGraph): Uint32Array {
  const count = labels.length
  const incoming = incomingOf(edges, count)
  const partition = new Partition(labels)
  const waiting = new Set<number>(partition.blocks())
  for (const splitter of waiting) {
    waiting.delete(splitter)
    // By edge ordinal: who leads into the splitter, taken before the splitter itself may be split.
    const sources = new Map<number, number[]>()
    for (const node of partition.members(splitter)) {
      for (let at = incoming.starts[node]!; at < incoming.starts[node + 1]!; at++) {
        const ordinal = incoming.ordinals[at]!
        const others = sources.get(ordinal)
        if (others === undefined) sources.set(ordinal, [incoming.sources[at]!])
        else others.push(incoming.sources[at]!)
      }
    }
    for (const nodes of sources.values()) {
      for (const { block, rest } of partition.split(nodes)) {
        if (waiting.has(block)) waiting.add(rest)
        else waiting.add(partition.size(block) < partition.size(rest) ? block : rest)
      }
    }
  }
  return partition.blockOf
}

/** Edges by the node they lead to: their source and their ordinal there. */
function incomingOf(edges: readonly (readonly number[])[], count: number) {
  const starts = new Uint32Array(count + 1)
  for (const targets of edges) for (const target of targets) starts[target + 1]!++
  for (let node = 0; node < count; node++) starts[node + 1]! += starts[node]!
  const total = starts[count]!
  const sources = new Uint32Array(total)
  const ordinals = new Uint32Array(total)
  const next = starts.slice(0, count)
  for (const [source, targets] of edges.entries()) {
    for (const [ordinal, target] of targets.entries()) {
      const at = next[target]!++
      sources[at] = source
      ordinals[at] = ordinal
    }
  }
  return { starts, sources, ordinals }
}

/** Nodes in blocks; the nodes of a block lie next to each other. */
class Partition {
  readonly blockOf: Uint32Array
  private readonly nodes: Uint32Array
  private readonly places: Uint32Array
  private readonly starts: number[] = []
  private readonly ends: number[] = []

  constructor(labels: readonly number[]) {
    const order = Array.from(labels.keys()).sort((a, b) => labels[a]! - labels[b]!)
    this.nodes = Uint32Array.from(order)
    this.places = new Uint32Array(labels.length)
    this.blockOf = new Uint32Array(labels.length)
    for (const [place, node] of order.entries()) {
      this.places[node] = place
      if (place === 0 || labels[node] !== labels[order[place - 1]!]) {
        this.starts.push(place)
        this.ends.push(place)
      }
      this.blockOf[node] = this.starts.length - 1
      this.ends[this.ends.length - 1] = place + 1
    }
  }

  blocks(): IterableIterator<number> {
    return this.starts.keys()
  }

  members(block: number): Uint32Array {
    return this.nodes.slice(this.starts[block]!, this.ends[block]!)
  }

  size(block: number): number {
    return this.ends[block]! - this.starts[block]!
  }

  /** Takes the given nodes, each given once, out of their blocks into new ones, except from blocks that are given whole. */
  split(given: readonly number[]): { block: number; rest: number }[] {
    const taken = new Map<number, number>()
    for (const node of given) {
      const block = this.blockOf[node]!
      const count = taken.get(block) ?? 0
      this.swap(this.places[node]!, this.starts[block]! + count)
      taken.set(block, count + 1)
    }
    const made: { block: number; rest: number }[] = []
    for (const [block, count] of taken) {
      if (count === this.size(block)) continue
      const rest = this.starts.length
      const start = this.starts[block]!
      this.starts.push(start)
      this.ends.push(start + count)
      this.starts[block] = start + count
      for (let place = start; place < start + count; place++) this.blockOf[this.nodes[place]!] = rest
      made.push({ block, rest })
    }
    return made
  }

  private swap(a: number, b: number): void {
    const left = this.nodes[a]!
    const right = this.nodes[b]!
    this.nodes[a] = right
    this.nodes[b] = left
    this.places[right] = a
    this.places[left] = b
  }
}
