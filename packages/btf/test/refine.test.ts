import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type LabelledGraph, refine } from '../src/binding/refine.js'

/** Moore's way: split until nothing changes. */
function slowly({ labels, edges }: LabelledGraph): number[] {
  let blocks = [...labels]
  for (;;) {
    const keys = blocks.map((block, node) => JSON.stringify([block, edges[node]!.map((to) => blocks[to])]))
    const next = keys.map((key) => keys.indexOf(key))
    if (new Set(next).size === new Set(blocks).size) return next
    blocks = next
  }
}

const graphs = fc.integer({ min: 1, max: 24 }).chain((count) =>
  fc.record({
    labels: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: count, maxLength: count }),
    edges: fc.array(fc.array(fc.integer({ min: 0, max: count - 1 }), { minLength: 2, maxLength: 2 }), {
      minLength: count,
      maxLength: count,
    }),
  }),
)

describe('refine', () => {
  it('tells the same nodes apart as the slow way', () => {
    fc.assert(
      fc.property(graphs, ({ labels, edges }) => {
        // The label stands for the number of edges too.
        const graph = { labels, edges: edges.map((targets, node) => targets.slice(0, labels[node]!)) }
        const [quick, slow] = [refine(graph), slowly(graph)]
        for (let a = 0; a < labels.length; a++) {
          for (let b = 0; b < a; b++) expect(quick[a] === quick[b]).toBe(slow[a] === slow[b])
        }
      }),
      { numRuns: 500 },
    )
  })

  it('ends soon on a long cycle that one node breaks', () => {
    const count = 100_000
    const labels = Array.from({ length: count }, (_, node) => (node === 0 ? 1 : 0))
    const edges = labels.map((_, node) => [(node + 1) % count])
    expect(new Set(refine({ labels, edges })).size).toBe(count)
  })

  it('knows nothing to refine in an empty graph', () => {
    expect(refine({ labels: [], edges: [] })).toHaveLength(0)
  })
})
