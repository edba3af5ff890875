import { Printer } from '../src/c/print.js'
import { type Btf, Kind } from '../src/index.js'

/** What BTF says of the types that have a name in its C text, each as a C expression. */
export interface Claims {
  /** Sizes of types: `struct veth_priv`, bytes. */
  readonly sizes: readonly (readonly [type: string, bytes: number])[]
  /** Members: type, path below it, bytes from its start. */
  readonly offsets: readonly (readonly [type: string, path: string, bytes: number])[]
  /** Bit fields: type, path, first bit, width. */
  readonly bitFields: readonly (readonly [type: string, path: string, bit: number, bits: number])[]
}

const isComposite = (kind: number): boolean => kind === Kind.STRUCT || kind === Kind.UNION
const isQualifier = (kind: number): boolean =>
  kind === Kind.CONST || kind === Kind.VOLATILE || kind === Kind.RESTRICT || kind === Kind.TYPE_TAG

/** All types of a BTF as C, and what the BTF says of them. */
export function printedWithClaims(btf: Btf): { text: string; claims: Claims } {
  const printer = new Printer(btf)
  let text = ''
  for (let id = 1; id <= btf.lastId; id++) text += printer.upTo(id)
  return { text, claims: claimsOf(btf, printer) }
}

/** Reads, straight from the records, where every member of every named type is, within anonymous ones too. */
function claimsOf(btf: Btf, { identifiers }: Printer): Claims {
  const sizes: [string, number][] = []
  const offsets: [string, string, number][] = []
  const bitFields: [string, string, number, number][] = []

  const descend = (type: string, id: number, path: string, from: number): void => {
    for (let index = 0; index < btf.vlen(id); index++) {
      const name = btf.stringAt(btf.word(id, 3 + index * 3))!
      const word = btf.word(id, 5 + index * 3)
      const bit = from + (btf.kindFlag(id) ? word & 0xffffff : word)
      const bits = btf.kindFlag(id) ? word >>> 24 : 0
      const at = name === '' ? path : path === '' ? name : `${path}.${name}`
      if (name !== '' && bits > 0) bitFields.push([type, at, bit, bits])
      if (name !== '' && bits === 0) offsets.push([type, at, bit / 8])
      let leaf = btf.word(id, 4 + index * 3)
      let place = at
      while (isQualifier(btf.kind(leaf)) || btf.kind(leaf) === Kind.ARRAY) {
        if (btf.kind(leaf) === Kind.ARRAY) place += '[0]'
        leaf = btf.kind(leaf) === Kind.ARRAY ? btf.word(leaf, 3) : btf.sizeOrType(leaf)
      }
      if (isComposite(btf.kind(leaf)) && btf.name(leaf) === '') descend(type, leaf, place, bit)
    }
  }

  for (let id = 1; id <= btf.lastId; id++) {
    const kind = btf.kind(id)
    let type: string
    let composite = id
    if (isComposite(kind) && btf.name(id) !== '') {
      type = `${kind === Kind.STRUCT ? 'struct' : 'union'} ${identifiers.tag(id)}`
    } else if ((kind === Kind.ENUM || kind === Kind.ENUM64) && btf.name(id) !== '' && btf.vlen(id) > 0) {
      sizes.push([`enum ${identifiers.tag(id)}`, btf.sizeOrType(id)])
      continue
    } else if (kind === Kind.TYPEDEF) {
      composite = btf.sizeOrType(id)
      if (!isComposite(btf.kind(composite)) || btf.name(composite) !== '') continue
      type = identifiers.typedef(id)
    } else continue
    sizes.push([type, btf.sizeOrType(composite)])
    descend(type, composite, '', 0)
  }
  return { sizes, offsets, bitFields }
}

/** A C program that does not compile where a size or offset is another, and returns 1 where a bit field is. */
export function programOf(text: string, { sizes, offsets, bitFields }: Claims): string {
  const asserts = sizes.map(([type, bytes]) => `_Static_assert(sizeof(${type}) == ${bytes}, "size");`)
  for (const [type, path, bytes] of offsets)
    asserts.push(`_Static_assert(__builtin_offsetof(${type}, ${path}) == ${bytes}, "offset");`)
  const longest = Math.max(0, ...bitFields.map(([, , bit]) => Math.ceil(bit / 8)))
  return `${text}
${asserts.join('\n')}
static unsigned char bytes[${longest + 64}] __attribute__((aligned(64)));
static int wrong;
static void check(const char *what, unsigned long first, unsigned long bits) {
	unsigned long bit;
	for (bit = 0; bit < sizeof(bytes) * 8; bit++)
		if (((bytes[bit / 8] >> (bit % 8)) & 1) != (bit >= first && bit < first + bits))
			break;
	if (bit < sizeof(bytes) * 8) {
		__builtin_printf("%s\\n", what);
		wrong = 1;
	}
	__builtin_memset(bytes, 0, sizeof(bytes));
}
#define CHECK(type, path, bit, bits) ((type *)bytes)->path = -1; check(#type " " #path, bit, bits)
int main(void) {
	${bitFields.map(([type, path, bit, bits]) => `CHECK(${type}, ${path}, ${bit}, ${bits});`).join('\n\t')}
	return wrong;
}
`
}
