import type { Btf } from '../btf.js'
import { commonWords, entryWords, fixedWords, Kind, kindNames } from '../kinds.js'
import { visitTypeReferences } from '../references.js'
import { isNameable } from './world.js'

/** Steps from a named type that a path is told in. */
const longestPath = 12

const words: Readonly<Record<number, string>> = {
  [Kind.STRUCT]: 'struct ',
  [Kind.UNION]: 'union ',
  [Kind.ENUM]: 'enum ',
  [Kind.ENUM64]: 'enum ',
  [Kind.FWD]: 'forward ',
  [Kind.TYPEDEF]: 'typedef ',
  [Kind.FUNC]: 'function ',
  [Kind.VAR]: 'variable ',
  [Kind.DATASEC]: 'section ',
}

/**
 * Says where in a split BTF something stands, for a person: `struct veth_priv.dev → ptr`. Anonymous types are told by the
 * first named type of the same BTF that leads to them. Names are those of the given world.
 */
export class Paths {
  private readonly btf: Btf
  /** For each own type the own type that refers to it first, and the word of that reference; 0 where there is none. */
  private readonly referrer: Uint32Array
  private readonly referrerWord: Uint32Array

  constructor(btf: Btf) {
    this.btf = btf
    this.referrer = new Uint32Array(btf.starts.length)
    this.referrerWord = new Uint32Array(btf.starts.length)
    for (let id = btf.startId; id <= btf.lastId; id++) {
      visitTypeReferences(btf, id, (target, word) => {
        const index = target - btf.startId
        if (index < 0 || index >= this.referrer.length || this.referrer[index] !== 0 || target === id) return
        this.referrer[index] = id
        this.referrerWord[index] = word
      })
    }
  }

  /** The path of a type of the split BTF. */
  ofType(id: number): string {
    const { btf } = this
    const steps: string[] = []
    let at = id
    for (let left = longestPath; left > 0; left--) {
      const kind = btf.kind(at)
      if (isNameable(kind) && btf.nameOff(at) !== 0)
        return [`${words[kind] ?? ''}${btf.name(at)}`, ...steps].join('')
      const from = this.referrer[at - btf.startId]!
      steps.unshift(` → ${(kindNames[kind] ?? `kind ${kind}`).toLowerCase()}`)
      if (from === 0) break
      steps.unshift(this.entryName(from, this.referrerWord[at - btf.startId]!))
      at = from
    }
    return `[${at}]${steps.join('')}`
  }

  /** The path of one reference: word `word` of the record of type `id`. */
  ofReference(id: number, word: number): string {
    return this.ofType(id) + this.entryName(id, word)
  }

  /** `.member`, `(parameter)` or nothing, for a word of a record. */
  private entryName(id: number, word: number): string {
    const { btf } = this
    const kind = btf.kind(id)
    const first = commonWords + (fixedWords[kind] ?? 0)
    const step = entryWords[kind] ?? 0
    if (step === 0 || word < first) return ''
    const entry = Math.floor((word - first) / step)
    if (kind === Kind.DATASEC) return `[${entry}]`
    const name = btf.stringAt(btf.word(id, first + entry * step)) || `#${entry}`
    return kind === Kind.FUNC_PROTO ? `(${name})` : `.${name}`
  }
}
