import type { Btf } from '../btf.js'
import { Kind } from '../kinds.js'
import { polynomials } from './base-types.js'
import { Budget } from './budget.js'
import { Identifiers } from './identifiers.js'
import { type Layout, layoutOf } from './layout.js'
import { Measures } from './measure.js'
import { isNamed, shortString } from './names.js'
import { Order } from './order.js'
import { Writer } from './writer.js'

const head = `#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

`
const tail = `#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif /* __VMLINUX_H__ */
`

/**
 * Prints all types of a BTF, those of its base first, as C that compiles, as \`bpftool btf dump file FILE [--base-btf BASE]
 * format c\` does (7.1, in the order of ids): one text for each type with all that it needs. On x86-64 and other machines
 * of 64 bits, sizes and offsets are those of the BTF.
 * @throws BtfError `btf-not-c` where a type holds itself by value, refers to none, or refers too deeply
 */
export function* dumpC(btf: Btf): Generator<string, void, undefined> {
  const printer = new Printer(btf)
  yield head
  for (let id = 1; id <= btf.lastId; id++) {
    const text = printer.upTo(id)
    if (text !== '') yield text
  }
  yield tail
}

const unwritten = 0
const begun = 1
const written = 2

/** One step of writing: a type and the type whose definition needs it, on the way in or out. */
interface Need {
  readonly id: number
  /** The type at hand, 0 where the need is the definition itself. */
  readonly within: number
  readonly isDone: boolean
}

/** Prints each type once, after what its definition needs: definitions in order, and declarations of what comes later. */
export class Printer {
  readonly identifiers: Identifiers
  private readonly btf: Btf
  private readonly budget: Budget
  private readonly order: Order
  private readonly writer: Writer
  private readonly states: Uint8Array
  /** Types that are declared already; of typedefs, those that are defined. */
  private readonly declared: Uint8Array

  constructor(btf: Btf) {
    this.btf = btf
    this.budget = new Budget(btf)
    this.identifiers = new Identifiers(btf)
    const measures = new Measures(btf)
    const layouts = new Map<number, Layout>()
    this.order = new Order(btf, this.budget, (id) => {
      const layout = layoutOf(btf, id, measures)
      layouts.set(id, layout)
      measures.define(id, { size: btf.sizeOrType(id), align: layout.align })
    })
    this.writer = new Writer(btf, measures, layouts, this.identifiers, this.budget)
    this.states = new Uint8Array(btf.lastId + 1)
    this.states[0] = written
    this.declared = new Uint8Array(btf.lastId + 1)
  }

  /** The definitions that are still missing for type `root`, its own among them; empty where there are none. */
  upTo(root: number): string {
    for (const id of this.order.upTo(root)) this.define(id)
    const { text } = this.writer
    this.writer.text = ''
    return text
  }

  private define(id: number): void {
    const needs: Need[] = [{ id, within: 0, isDone: false }]
    while (needs.length > 0) {
      const need = needs.pop()!
      this.budget.spend()
      if (need.isDone) this.finish(need)
      else if (this.states[need.id] === begun) this.declareBegun(need)
      else if (this.states[need.id] === unwritten) this.begin(need, needs)
    }
  }

  /** A type that is needed while it is being written: as part of itself, or for a pointer. */
  private declareBegun({ id, within }: Need): void {
    if (this.declared[id] === 1) return
    const kind = this.btf.kind(id)
    if (kind === Kind.TYPEDEF) {
      this.declared[id] = 1
      this.writer.typedef(id)
    } else if (id !== within && isNamed(this.btf, this.btf.nameOff(id))) {
      this.declare(id)
    }
  }

  private declare(id: number): void {
    this.declared[id] = 1
    this.writer.forward(id)
  }

  private begin({ id, within }: Need, needs: Need[]): void {
    const { btf, states, writer } = this
    const kind = btf.kind(id)
    switch (kind) {
      case Kind.INT: {
        const name = shortString(btf, btf.nameOff(id)) ?? ''
        if (polynomials.has(name)) writer.put(`typedef ${polynomials.get(name)} ${name};\n\n`)
        states[id] = written
        return
      }
      case Kind.ENUM:
      case Kind.ENUM64:
        if (within === 0) writer.enumeration(id)
        states[id] = written
        return
      case Kind.FWD:
        writer.forward(id)
        states[id] = written
        return
      case Kind.TYPEDEF:
        states[id] = begun
        needs.push({ id, within, isDone: true }, { id: btf.sizeOrType(id), within: id, isDone: false })
        return
      case Kind.STRUCT:
      case Kind.UNION: {
        const isAnonymous = !isNamed(btf, btf.nameOff(id))
        if (within !== 0 && !isAnonymous) {
          if (this.declared[id] === 0 && id !== within) this.declare(id)
          return
        }
        states[id] = begun
        needs.push({ id, within, isDone: true })
        for (let index = btf.vlen(id) - 1; index >= 0; index--) {
          needs.push({ id: btf.word(id, 4 + index * 3), within: isAnonymous ? within : id, isDone: false })
        }
        return
      }
      case Kind.FUNC_PROTO:
        for (let index = btf.vlen(id) - 1; index >= 0; index--) {
          needs.push({ id: btf.word(id, 4 + index * 2), within, isDone: false })
        }
        needs.push({ id: btf.sizeOrType(id), within, isDone: false })
        return
      case Kind.ARRAY:
        needs.push({ id: btf.word(id, 3), within, isDone: false })
        return
      default:
        needs.push({ id: btf.sizeOrType(id), within, isDone: false })
    }
  }

  private finish({ id, within }: Need): void {
    if (this.btf.kind(id) === Kind.TYPEDEF) {
      if (this.declared[id] === 0) this.writer.typedef(id)
      this.states[id] = written
      return
    }
    if (within === 0) this.writer.composite(id)
    this.states[id] = within === 0 ? written : unwritten
  }
}
