import { Kind } from '../src/index.js'
import { Builder } from './build.js'

/** One type of each kind, with names that tell them apart. */
export function everyKind(): Builder {
  const b = new Builder()
  const [int, field, item, param, tag] = ['int', 'field', 'item', 'param', 'tag'].map((name) => b.str(name))
  b.add({ kind: Kind.INT, name: int!, third: 4, rest: [0x01000020] })
  b.add({ kind: Kind.PTR, third: 1 })
  b.add({ kind: Kind.ARRAY, rest: [1, 1, 3] })
  b.add({
    kind: Kind.STRUCT,
    name: b.str('s'),
    vlen: 2,
    flag: true,
    third: 8,
    rest: [field!, 1, 0x03000000, 0, 2, 32],
  })
  b.add({ kind: Kind.UNION, name: b.str('u'), vlen: 1, third: 4, rest: [field!, 1, 0] })
  b.add({ kind: Kind.ENUM, name: b.str('e'), vlen: 1, flag: true, third: 4, rest: [item!, 0xffffffff] })
  b.add({ kind: Kind.FWD, name: b.str('fwd'), flag: true })
  b.add({ kind: Kind.TYPEDEF, name: b.str('t'), third: 1 })
  b.add({ kind: Kind.VOLATILE, third: 1 })
    .add({ kind: Kind.CONST, third: 1 })
    .add({ kind: Kind.RESTRICT, third: 2 })
  b.add({ kind: Kind.FUNC, name: b.str('f'), vlen: 1, third: 13 })
  b.add({ kind: Kind.FUNC_PROTO, vlen: 2, third: 1, rest: [param!, 1, 0, 0] })
  b.add({ kind: Kind.VAR, name: b.str('v'), third: 1, rest: [1] })
  b.add({ kind: Kind.DATASEC, name: b.str('.data'), vlen: 1, third: 4, rest: [14, 0, 4] })
  b.add({ kind: Kind.FLOAT, name: b.str('float'), third: 8 })
  b.add({ kind: Kind.DECL_TAG, name: tag!, third: 4, rest: [0xffffffff] })
  b.add({ kind: Kind.TYPE_TAG, name: tag!, third: 1 })
  b.add({ kind: Kind.ENUM64, name: b.str('e64'), vlen: 1, third: 8, rest: [item!, 1, 0x80000000] })
  return b
}
