"""Writes fingerprints.json: fingerprints of small bases by docs/fingerprints.md, independently of the engine.

    python3 scripts/vectors/fingerprints.py packages/btf/testdata

Reads the bases and modules there; the bases that are made here are in the result as hex."""
import hashlib, json, pathlib, struct, sys

(INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, FUNC_PROTO, VAR, DATASEC, FLOAT,
 DECL_TAG, TYPE_TAG, ENUM64) = range(1, 20)
FIXED = {INT: 1, ARRAY: 3, VAR: 1, DECL_TAG: 1}
ENTRY = {STRUCT: 3, UNION: 3, ENUM: 2, FUNC_PROTO: 2, DATASEC: 3, ENUM64: 3}
STRUCTURAL = {PTR, ARRAY, VOLATILE, CONST, RESTRICT, FUNC_PROTO, DECL_TAG, TYPE_TAG}
ONE_TYPE = {PTR, TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG}
sha = lambda data: hashlib.sha256(data).digest()
u8 = lambda value: bytes([value])
u32 = lambda value: struct.pack("<I", value)


class Btf:
    def __init__(self, data, base=None):
        order = "<" if data[:2] == b"\x9f\xeb" else ">"
        header, type_off, type_len, str_off, str_len = struct.unpack_from(order + "5I", data, 4)
        layout = ()
        if header >= 32:
            off, length = struct.unpack_from(order + "2I", data, 24)
            layout = [data[header + off + at : header + off + at + 2] for at in range(0, length, 4)]
        words = struct.unpack_from(f"{order}{type_len // 4}I", data, header + type_off)
        self.base, self.data = base, data
        self.strings = data[header + str_off :][:str_len]
        self.first = len(base.records) if base else 1
        self.offset = len(base.strings) if base else 0
        self.records, at = (list(base.records) if base else [None]), 0
        while at < len(words):
            kind, vlen = words[at + 1] >> 24 & 0x7F, words[at + 1] & 0xFFFFFF
            fixed, entry = FIXED.get(kind, 0), ENTRY.get(kind, 0)
            if kind > ENUM64:
                fixed, entry = layout[kind][0] // 4, layout[kind][1] // 4
            end = at + 3 + fixed + vlen * entry
            self.records.append(words[at:end])
            at = end

    def text(self, off):
        """None beyond the strings."""
        if off == 0:
            return b""
        if self.base and off < self.offset:
            return self.base.text(off)
        off -= self.offset
        return self.strings[off:].split(b"\0")[0] if off < len(self.strings) else None

    def name(self, off):
        text = self.text(off)
        return u32(0xFFFFFFFF) if text is None else u32(len(text)) + text

    def parts(self, id):
        record = self.records[id]
        return record, record[1] >> 24 & 0x7F, record[1] & 0xFFFFFF, record[1] >> 31

    def fields(self, id, ref):
        record, kind, vlen, flag = self.parts(id)
        third, rest = record[2], record[3:]
        out = u8(kind) + u8(0 if kind in (STRUCT, UNION) else flag) + self.name(record[0])
        step = ENTRY.get(kind, 0)
        entries = [rest[at : at + step] for at in range(0, vlen * step, step)] if step else []
        if kind == INT:
            out += u32(third) + u32(rest[0])
        elif kind == FLOAT:
            out += u32(third)
        elif kind in ONE_TYPE:
            out += ref(third)
        elif kind == FUNC:
            out += u32(vlen) + ref(third)
        elif kind in (VAR, DECL_TAG):
            out += u32(rest[0]) + ref(third)
        elif kind == ARRAY:
            out += u32(rest[2]) + ref(rest[0]) + ref(rest[1])
        elif kind in (STRUCT, UNION):
            out += u32(third) + u32(vlen)
            for name, type, place in entries:
                bits, size = (place & 0xFFFFFF, place >> 24) if flag else (place, 0)
                out += self.name(name) + u32(bits) + u32(size) + ref(type)
        elif kind in (ENUM, ENUM64):
            out += u32(third) + u32(vlen)
            for name, *value in entries:
                out += self.name(name) + b"".join(map(u32, value))
        elif kind == FUNC_PROTO:
            out += u32(vlen) + ref(third)
            for name, type in entries:
                out += self.name(name) + ref(type)
        elif kind == DATASEC:
            out += u32(third) + u32(vlen)
            for type, off, size in entries:
                out += u32(off) + u32(size) + ref(type)
        elif kind != FWD:
            out += b"".join(map(u32, record[1:]))
        return out

    def refs(self, id):
        found = []
        self.fields(id, lambda to: found.append(to) or b"")
        return found

    def structural(self, id):
        if not 0 < id < len(self.records):
            return False
        record, kind, _, _ = self.parts(id)
        return kind in STRUCTURAL or self.text(record[0]) == b""

    def ref(self, id):
        if id == 0:
            return u8(0)
        if id >= len(self.records):
            return u8(1)
        if self.structural(id):
            return u8(3) + self.digest(id)
        record, kind, _, flag = self.parts(id)
        return u8(2) + u8(kind) + u8(flag if kind == FWD else 0) + self.name(record[0])

    def digest(self, id):
        if not hasattr(self, "digests"):
            self.digests, self.circular = {}, self.find_circular()
        if id not in self.digests:
            data = self.unfolding(id) if id in self.circular else self.fields(id, self.ref)
            self.digests[id] = sha(data)
        return self.digests[id]

    def find_circular(self):
        left = {id for id in range(1, len(self.records)) if self.structural(id)}
        while True:
            settled = {id for id in left if not any(to in left for to in self.refs(id))}
            if not settled:
                break
            left -= settled
        # The classes that no path tells apart: split until nothing splits.
        classes = {id: self.fields(id, lambda to: u8(4) if to in left else self.ref_outside(to, left)) for id in left}
        while True:
            finer = {id: (classes[id], *(classes.get(to) for to in self.refs(id))) for id in left}
            numbers = {key: number for number, key in enumerate(dict.fromkeys(finer.values()))}
            finer = {id: numbers[key] for id, key in finer.items()}
            if len(set(finer.values())) == len(set(classes.values())):
                self.classes = finer
                return left
            classes = finer

    def ref_outside(self, id, left):
        self.circular = left
        return self.ref(id)

    def unfolding(self, root):
        numbers, queue, out = {self.classes[root]: 0}, [root], u8(0)

        def ref(id):
            if id not in self.circular:
                return self.ref(id)
            if self.classes[id] not in numbers:
                numbers[self.classes[id]] = len(queue)
                queue.append(id)
            return u8(4) + u32(numbers[self.classes[id]])

        for id in queue:
            out += self.fields(id, ref)
        return out

    def layout(self):
        out = b"basedrift layout 1\n" + u32(len(self.records) - 1)
        for id in range(1, len(self.records)):
            record, kind, vlen, flag = self.parts(id)
            out += self.name(record[0]) + u32(kind) + u32(vlen) + u32(flag) + u32(record[2])
            step = 0 if kind == DATASEC else ENTRY.get(kind, 0)
            for at, word in enumerate(record[3:]):
                out += self.name(word) if step and at % step == 0 else u32(word)
        return sha(out)

    def meaning(self):
        all = sorted({self.digest(id) for id in range(1, len(self.records))})
        return sha(b"basedrift meaning 1\n" + u32(len(all)) + b"".join(all))

    def slice(self):
        names, seen, queue = set(), set(), []
        base = self.base

        def reach(id, how):
            if 0 < id < self.first:
                queue.append((id, how if base.structural(id) else "held"))

        for id in range(self.first, len(self.records)):
            record, kind, _, _ = self.parts(id)
            for to in self.refs(id):
                reach(to, "whole")
            step = 0 if kind == DATASEC else ENTRY.get(kind, 0)
            offsets = [record[0], *(record[3::step] if step else [])]
            names |= {base.text(off) for off in offsets if 0 < off < self.offset}
        while queue:
            id, how = queue.pop()
            if (id, how) in seen:
                continue
            seen.add((id, how))
            record, kind, _, _ = base.parts(id)
            if how == "whole":
                after = base.refs(id)
            elif kind in (STRUCT, UNION):
                after = record[4::3]
            elif kind == ARRAY:
                after = record[3:4]
            else:
                after = [record[2]] if kind in ONE_TYPE - {PTR} else []
            for to in after:
                reach(to, how)
        out = b"basedrift slice 1\n" + u32(len(names)) + b"".join(u32(len(name)) + name for name in sorted(names))
        digests = sorted({base.digest(id) for id, _ in seen})
        return sha(out + u32(len(digests)) + b"".join(digests))


def write(records, order="<", start=0, extra=b"", reverse=False):
    """BTF of (kind, name, flag, vlen, third, rest): texts in `rest` become string offsets."""
    texts = list(dict.fromkeys(word for r in records for word in (r[1], *r[5]) if isinstance(word, str) and word))
    strings, places = (b"" if start else b"\0"), {"": 0}
    for text in reversed(texts) if reverse else texts:
        places[text] = start + len(strings)
        strings += text.encode("latin-1") + b"\0"
    words = []
    for kind, name, flag, vlen, third, rest in records:
        words += [places[name], flag << 31 | kind << 24 | vlen, third]
        words += [places[word] if isinstance(word, str) else word & 0xFFFFFFFF for word in rest]
    types = struct.pack(f"{order}{len(words)}I", *words)
    sizes = [len(types), len(types), len(strings)]
    header = struct.pack(order + "HBB5I", 0xEB9F, 1, 0, 32 if extra else 24, 0, *sizes)
    if extra:
        header += struct.pack(order + "2I", len(types) + len(strings), len(extra))
    return header + types + strings + extra


every_kind = [
    (INT, "int", 0, 0, 4, (1 << 24 | 32,)),
    (PTR, "", 0, 0, 4, ()),
    (ARRAY, "", 0, 0, 0, (2, 1, 7)),
    (STRUCT, "node", 1, 3, 16, ("next", 2, 0, "flags", 1, 3 << 24 | 64, "", 5, 96)),
    (UNION, "", 0, 2, 4, ("whole", 1, 0, "real", 16, 0)),
    (ENUM, "colour", 1, 2, 4, ("RED", -1, "BLUE", 2)),
    (FWD, "far", 1, 0, 0, ()),
    (TYPEDEF, "node_t", 0, 0, 4, ()),
    (VOLATILE, "", 0, 0, 8, ()),
    (CONST, "", 0, 0, 0, ()),
    (RESTRICT, "", 0, 0, 2, ()),
    (FUNC, "walk", 0, 1, 13, ()),
    (FUNC_PROTO, "", 0, 2, 0, ("from", 2, "", 0)),
    (VAR, "head", 0, 0, 4, (1,)),
    (DATASEC, ".data..percpu", 0, 1, 16, (14, 0, 16)),
    (FLOAT, "float", 0, 0, 4, ()),
    (DECL_TAG, "kfunc", 0, 0, 12, (-1,)),
    (TYPE_TAG, "rcu", 0, 0, 4, ()),
    (ENUM64, "wide", 0, 1, 8, ("WIDE", 5, 6)),
    (23, "later", 0, 2, 9, (1, 2, 3)),
    (STRUCT, "node", 0, 0, 0, ()),
]
layout = b"".join(bytes([4, 4, 0, 0]) if kind == 23 else bytes([FIXED.get(kind, 0) * 4, ENTRY.get(kind, 0) * 4, 0, 0])
                  for kind in range(24))
circle = [(PTR, "", 0, 0, 1, ()), (CONST, "", 0, 0, 3, ()), (PTR, "", 0, 0, 2, ()), (PTR, "", 0, 0, 1, ()),
          (STRUCT, "", 0, 2, 16, ("one", 1, 0, "other", 2, 64))]
long_circle = [(PTR, "", 0, 0, 2, ()), (PTR, "", 0, 0, 3, ()), (PTR, "", 0, 0, 1, ()), (CONST, "", 0, 0, 5, ()),
               (PTR, "", 0, 0, 6, ()), (CONST, "", 0, 0, 7, ()), (PTR, "", 0, 0, 4, ()),
               (STRUCT, "", 0, 2, 16, ("one", 3, 0, "other", 6, 64))]
made = {
    "every kind": write(every_kind, extra=layout),
    "every kind, big endian": write(every_kind, ">", extra=layout),
    "every kind, strings the other way round": write(every_kind, extra=layout, reverse=True),
    "names beyond the strings, types beyond the last": write([(PTR, "", 0, 0, 9, ()), (STRUCT, "", 0, 1, 4, (99, 1, 0)),
                                                             (INT, "int", 0, 0, 4, (32,))]),
    "circles without names": write(circle),
    "the same circles, longer": write(long_circle),
    "nothing": write([]),
}

folder = pathlib.Path(sys.argv[1])
result = []
for build in ("1.1", "1.3"):
    base = Btf((folder / f"base-{build}.btf").read_bytes())
    slices = {f"{name}-{build}.btf": Btf((folder / f"{name}-{build}.btf").read_bytes(), base).slice().hex()
              for name in ("saucer", "teapot")}
    result.append((f"base-{build}.btf", None, base, slices))
for name, data in made.items():
    result.append((name, data.hex(), Btf(data), {}))
vectors = [{"name": name, **({} if data is None else {"hex": data}), "bytes": sha(base.data).hex(),
            "layout": base.layout().hex(), "meaning": base.meaning().hex(), **({"slices": slices} if slices else {})}
           for name, data, base, slices in result]
(folder / "fingerprints.json").write_text(json.dumps(vectors, indent=2) + "\n")
