import { beforeAll, describe, expect, it } from 'vitest'
import { Binding, type Btf, readBtf, TypeClasses } from '../src/index.js'
import { type Corpus, isRecorded, openCorpus } from './support/corpus.js'
import {
  bindSlow,
  isNamed,
  readSlow,
  type Side,
  sameDefinition,
  sameEntity,
  sameSlice,
  type Type,
} from './support/slow-binding.js'

const recording = 'modules-of-6.1.0-56-on-6.1.0-55.ndjson.gz'
const held = isRecorded(recording)

describe.skipIf(!held)('binding between two Debian builds (BASEDRIFT_CONFORMANCE)', () => {
  let corpus: Corpus
  let origin: Btf
  let running: Btf
  const slow: { origin?: Side; running?: Side } = {}
  const kernels = ['kernels/6.1.0-56', 'kernels/6.1.0-55'] as const

  beforeAll(async () => {
    corpus = await openCorpus()
    const [built, met] = await Promise.all(kernels.map((kernel) => corpus.baseOf(kernel)))
    origin = readBtf(built!.running.bytes)
    running = readBtf(met!.running.bytes)
    slow.origin = readSlow(built!.running.bytes)
    slow.running = readSlow(met!.running.bytes)
  })

  it('every module that the kernel accepted is misread, as often as the slow way says', async () => {
    const { cases } = await corpus.cases(recording)
    const modules = await corpus.modulesOf(kernels[0])
    const accepted = cases
      .filter(({ expect: { verdict } }) => verdict === 'accepted')
      .map(({ name }) => ({ name, btf: modules.get(name)!.btf! }))
      .sort((a, b) => a.btf.length - b.btf.length)
    expect(accepted).toHaveLength(523)
    const binding = new Binding(origin, running)
    expect(accepted.filter(({ btf }) => binding.bind(btf).misboundTotal === 0)).toEqual([])
    for (const { name, btf } of [...accepted.slice(0, 60), ...accepted.slice(-2)]) {
      const { misboundTotal, misbound } = binding.bind(btf, { maxFindings: 1_000_000 })
      const expected = bindSlow(slow.origin!, slow.running!, btf).misbound
      expect([name, misboundTotal]).toEqual([name, expected.length])
      expect(misbound.map(({ typeId, strOff }) => typeId ?? strOff)).toEqual(
        expected.map((text) => Number(text.split(' ')[2])),
      )
    }
  })

  it.each(kernels)('every module of %s binds to what it was built on', async (kernel) => {
    const modules = await corpus.modulesOf(kernel)
    const base = kernel === kernels[0] ? origin : running
    // Another object of the same bytes, so that nothing is the same by identity alone.
    const copy = readBtf((await corpus.baseOf(kernel)).running.bytes.slice())
    const bindings = [new Binding(base, base), new Binding(base, copy)]
    let bound = 0
    for (const [name, { btf }] of modules) {
      if (btf === null) continue
      for (const binding of bindings) {
        expect([name, binding.bind(btf)]).toEqual([
          name,
          { misboundTotal: 0, misbound: [], changedTotal: 0, changed: [] },
        ])
      }
      bound++
    }
    expect(bound).toBeGreaterThan(4000)
  })

  it('types of one name have the same class exactly where the slow way finds them the same', () => {
    const classes = new TypeClasses()
    const before = classes.add(origin)
    const after = classes.add(running)
    const byName = new Map<string, Type[]>()
    const place = ({ kind, name }: Type): string => `${kind} ${name}`
    for (const type of slow.running!.own) {
      const known = byName.get(place(type))
      if (known === undefined) byName.set(place(type), [type])
      else known.push(type)
    }
    let compared = 0
    for (const type of slow.origin!.own) {
      if (type.id % 17 !== 0) continue
      // Of those without a name, the ones next to it by id.
      const others = isNamed(type)
        ? (byName.get(place(type)) ?? []).slice(0, 20)
        : slow.running!.own.slice(Math.max(0, type.id - 12), type.id + 10)
      for (const other of others) {
        compared++
        const same = {
          entity: sameEntity(type, other),
          definition: sameDefinition(type, other),
          slice: sameSlice(type, other),
        }
        const found = {
          entity: before.entity[type.id] === after.entity[other.id],
          definition: before.definition[type.id] === after.definition[other.id],
          slice: before.slice[type.id] === after.slice[other.id],
        }
        expect([place(type), type.id, other.id, found]).toEqual([place(type), type.id, other.id, same])
      }
    }
    expect(compared).toBeGreaterThan(10_000)
  })
})
