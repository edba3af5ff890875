import { type Interner, Key } from './interner.js'
import { refine } from './refine.js'

/** What makes the nodes of a graph what they are. */
export interface Graph {
  /**
   * Pushes what a node is, and calls `reference` in place of each of its edges, in order. Nodes that push different
   * words have different classes; edges lead to nodes or to what has a class already.
   */
  describe(node: number, key: Key, reference: (target: number) => void): void
  /** The class that a target has, or 0 where it is a node that has none yet. */
  classOf(target: number): number
  /** Notes the class of a node. */
  settle(node: number, found: number): void
}

/** A class of nodes that lie on cycles or lead to one, by what describes them. */
interface CyclicClass {
  readonly class: number
  readonly label: number
  /** Classes of the edges that lead to other such classes. */
  readonly edges: readonly number[]
}

/** First words of keys that no record begins with. */
const mark = { cycle: 0xffff0001, label: 0xffff0002 } as const
/** Stands in a key for an edge whose class is not known yet. */
const open = 0xffffffff

/**
 * Gives nodes of graphs classes, so that two nodes have the same class exactly when no path tells them apart, in whichever
 * graph they are. Nodes without a way to a cycle are told by a key each, from the leaves up; the others, of which ordinary
 * BTF has none, by partition refinement together with one node of each class that was met before.
 */
export class Classifier {
  private readonly interner: Interner
  private readonly under: Classifier | null
  private readonly key = new Key()
  private cyclic: CyclicClass[] = []
  private readonly cyclicNumbers = new Set<number>()

  constructor(interner: Interner, under: Classifier | null = null) {
    this.interner = interner
    this.under = under
  }

  /** Forgets its own classes; its interner is cleared by its owner. */
  clear(): void {
    this.cyclic = []
    this.cyclicNumbers.clear()
  }

  private isCyclic(found: number): boolean {
    return this.cyclicNumbers.has(found) || (this.under?.isCyclic(found) ?? false)
  }

  /** Gives each node that can be reached from `nodes`, and has no class yet, its class. */
  classify(nodes: Iterable<number>, graph: Graph): void {
    const { key } = this
    const state = new Map<number, 'open' | 'cyclic'>()
    const cyclic: number[] = []
    const stack: number[] = []
    let missing: number[] = []
    let leadsToCycle = false
    const reference = (target: number): void => {
      const found = graph.classOf(target)
      if (found === 0) missing.push(target)
      else leadsToCycle ||= this.isCyclic(found)
      key.push(found)
    }
    for (const root of nodes) {
      if (graph.classOf(root) !== 0 || state.has(root)) continue
      stack.push(root)
      while (stack.length > 0) {
        const node = stack[stack.length - 1]!
        const before = state.get(node)
        if (before === 'cyclic' || graph.classOf(node) !== 0) {
          stack.pop()
          continue
        }
        missing = []
        leadsToCycle = false
        key.clear()
        graph.describe(node, key, reference)
        if (missing.length === 0 && !leadsToCycle) {
          graph.settle(node, this.interner.intern(key))
          state.delete(node)
          stack.pop()
        } else if (before === undefined && missing.length > 0) {
          state.set(node, 'open')
          for (const target of missing) if (!state.has(target)) stack.push(target)
        } else {
          // A target that has no class by now is on the path here, or leads to a cycle itself.
          state.set(node, 'cyclic')
          cyclic.push(node)
          stack.pop()
        }
      }
    }
    if (cyclic.length > 0) this.classifyCyclic(cyclic, graph)
  }

  private classifyCyclic(nodes: readonly number[], graph: Graph): void {
    const known = [...(this.under?.cyclic ?? []), ...this.cyclic]
    const places = new Map(known.map(({ class: found }, place) => [found, place]))
    const ordinals = new Map(nodes.map((node, nth) => [node, known.length + nth]))
    const labels = known.map(({ label }) => label)
    const edges = known.map((one) => one.edges.map((found) => places.get(found)!))
    for (const node of nodes) {
      const { label, targets } = this.label(node, graph, places, ordinals)
      labels.push(label)
      edges.push(targets)
    }
    const blocks = refine({ labels, edges })
    const classes = new Map<number, number>()
    for (const [place, { class: found }] of known.entries()) classes.set(blocks[place]!, found)
    const made: { found: number; ordinal: number }[] = []
    for (const [nth, node] of nodes.entries()) {
      const ordinal = known.length + nth
      const block = blocks[ordinal]!
      let found = classes.get(block)
      if (found === undefined) {
        found = this.freshClass(known.length + made.length)
        classes.set(block, found)
        made.push({ found, ordinal })
      }
      graph.settle(node, found)
    }
    for (const { found, ordinal } of made) {
      const leads = edges[ordinal]!.map((target) => classes.get(blocks[target]!)!)
      this.cyclicNumbers.add(found)
      this.cyclic.push({ class: found, label: labels[ordinal]!, edges: leads })
    }
  }

  /** What a cyclic node is apart from where its open edges lead, as a number, and where those lead. */
  private label(
    node: number,
    graph: Graph,
    places: ReadonlyMap<number, number>,
    ordinals: ReadonlyMap<number, number>,
  ): { label: number; targets: number[] } {
    const { key } = this
    const targets: number[] = []
    key.clear()
    key.push(mark.label)
    graph.describe(node, key, (target) => {
      const found = graph.classOf(target)
      const ordinal = found === 0 ? ordinals.get(target) : places.get(found)
      if (ordinal === undefined) key.push(found)
      else {
        targets.push(ordinal)
        key.push(open)
      }
    })
    return { label: this.interner.intern(key), targets }
  }

  private freshClass(ordinal: number): number {
    this.key.clear()
    this.key.push(mark.cycle)
    this.key.push(ordinal)
    return this.interner.intern(this.key)
  }
}
