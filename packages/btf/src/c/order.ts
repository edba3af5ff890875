import type { Btf } from '../btf.js'
import { Kind, kindNames, lastKind } from '../kinds.js'
import { visitTypeReferences } from '../references.js'
import { type Budget, notC } from './budget.js'
import { isNamed, shownName } from './names.js'

/** A type on the way from the type that was asked for; `strong` once something that it refers to must come before. */
interface Step {
  readonly id: number
  readonly kind: number
  /** Whether it was reached through a pointer, with no name in between that could be declared instead. */
  readonly throughPointer: boolean
  next: number
  strong: boolean
}

const done = 1
/** On the way, not through a pointer, or through one. */
const onTheWay = 2
const onTheWayThroughPointer = 4

/**
 * Finds in what order types must be defined in C: what is held by value comes first, and so does what an anonymous struct
 * holds that is written out behind a pointer. A named type behind a pointer need only be declared. The order is the one
 * that libbpf comes to (btf_dump_order_type), which depends on where it starts.
 */
export class Order {
  private readonly btf: Btf
  private readonly budget: Budget
  private readonly states: Uint8Array
  /** Anonymous enums that are not in here stand for themselves: they hold constants. */
  private readonly referenced: Uint8Array
  private readonly onComposite: (id: number) => void

  /** @param onComposite called with every struct and union, after those that it holds by value */
  constructor(btf: Btf, budget: Budget, onComposite: (id: number) => void) {
    this.btf = btf
    this.budget = budget
    this.states = new Uint8Array(btf.lastId + 1)
    this.states[0] = done
    this.referenced = referencedTypes(btf)
    this.onComposite = onComposite
  }

  /**
   * The definitions that are still missing for type `root`, itself among them, in order.
   * @throws BtfError `btf-not-c` where a type holds itself by value or refers to what is no type in C
   */
  upTo(root: number): number[] {
    const queue: number[] = []
    const way: Step[] = []
    let strong = this.enter(root, false, way, queue)
    for (;;) {
      const step = way[way.length - 1]
      if (step === undefined) return queue
      if (strong !== null) step.strong ||= strong
      const child = childOf(this.btf, step)
      if (child >= 0) {
        step.next++
        strong = this.enter(child, throughPointer(step), way, queue)
      } else {
        way.pop()
        strong = this.leave(step, queue)
      }
    }
  }

  /** Goes to a type: whether it must come before what refers to it, or null where it has references to follow first. */
  private enter(id: number, isThrough: boolean, way: Step[], queue: number[]): boolean | null {
    const { btf, states } = this
    this.budget.spend()
    if (!btf.has(id)) throw notC(`A type refers to type ${id}, which does not exist.`)
    const state = states[id]!
    if ((state & done) !== 0) return true
    const kind = btf.kind(id)
    const isComposite = kind === Kind.STRUCT || kind === Kind.UNION
    if (isComposite && isThrough && isNamed(btf, btf.nameOff(id))) return false
    const mark = isThrough ? onTheWayThroughPointer : onTheWay
    if ((state & (isComposite ? onTheWay | onTheWayThroughPointer : mark)) !== 0) {
      throw notC(
        `Type ${id} (${wordOf(kind)} ${shownName(btf, id)}) holds itself, or refers to itself without a name.`,
      )
    }
    switch (kind) {
      case Kind.INT:
      case Kind.FLOAT:
        states[id] = done
        return false
      case Kind.FUNC:
      case Kind.VAR:
      case Kind.DATASEC:
      case Kind.DECL_TAG:
        if (way.length > 0)
          throw notC(`Type ${way[way.length - 1]!.id} refers to a ${wordOf(kind)} as to a type.`)
        return false
      case Kind.ENUM:
      case Kind.ENUM64:
      case Kind.FWD:
        if (isNamed(btf, btf.nameOff(id)) || this.referenced[id] === 0) queue.push(id)
        states[id] = done
        return true
      default:
        if (kind === 0 || kind > lastKind) throw notC(`Type ${id} is of kind ${kind}, which is not known.`)
        states[id] = state | mark
        way.push({ id, kind, throughPointer: isThrough, next: 0, strong: false })
        return null
    }
  }

  private leave({ id, kind, throughPointer, strong }: Step, queue: number[]): boolean {
    const { btf, states } = this
    const state = states[id]! & ~(throughPointer ? onTheWayThroughPointer : onTheWay)
    states[id] = state
    if (kind === Kind.STRUCT || kind === Kind.UNION) {
      this.onComposite(id)
      if (isNamed(btf, btf.nameOff(id))) queue.push(id)
      states[id] = state | done
      return true
    }
    if (kind === Kind.PTR) states[id] = state | done
    if (kind !== Kind.TYPEDEF) return strong
    // Reached through a pointer it can wait, if all behind it can.
    if (throughPointer && !strong) return false
    queue.push(id)
    states[id] = state | done
    return true
  }
}

/** The next type that a step refers to; -1 after the last. */
function childOf(btf: Btf, { id, kind, next }: Step): number {
  if (kind === Kind.STRUCT || kind === Kind.UNION)
    return next < btf.vlen(id) ? btf.word(id, 4 + next * 3) : -1
  if (kind === Kind.ARRAY) return next === 0 ? btf.word(id, 3) : -1
  if (next === 0) return btf.sizeOrType(id)
  return kind === Kind.FUNC_PROTO && next <= btf.vlen(id) ? btf.word(id, 2 + next * 2) : -1
}

function throughPointer({ kind, throughPointer }: Step): boolean {
  if (kind === Kind.PTR) return true
  return throughPointer && kind !== Kind.STRUCT && kind !== Kind.UNION && kind !== Kind.ARRAY
}

function wordOf(kind: number): string {
  return kindNames[kind]!.toLowerCase()
}

/** For every id: 1 where some type refers to it. */
function referencedTypes(btf: Btf): Uint8Array {
  const referenced = new Uint8Array(btf.lastId + 1)
  const see = (type: number): void => {
    if (type < referenced.length) referenced[type] = 1
  }
  for (let id = 1; id <= btf.lastId; id++) visitTypeReferences(btf, id, see)
  return referenced
}
