// Examples that fit their schemas: what a schema or a parameter gives itself, else a telling value for a name, else the smallest
// that fits.
import { resolved } from './openapi.mjs'

const sha256 = 'edc3c348e9e9a1b4d20c1f5be1bb9e5a2c7b9c2d6a46a5f3e8f0d1c7b6a59483'

/** Values by the name of a property or parameter, taken where they fit. */
const telling = {
  id: '019ac1f0-5d2e-7a31-9c11-6b8f0e2d4c55',
  build: '019ac1f0-5d2e-7a31-9c11-6b8f0e2d4c55',
  kernelBuild: '019ac1f0-5d2e-7a31-9c11-6b8f0e2d4c55',
  moduleBuild: '019ac1f4-8b07-7d42-8e5a-1f3c9a7e2b60',
  stream: 'openSUSE:Factory/x86_64/default',
  version: '5.15.12',
  release: '1.3',
  vr: '5.15.12-1.3',
  environment: 'production',
  filename: 'kernel-default-5.15.12-1.3.x86_64.rpm',
  file: 'kernel-default-5.15.12-1.3.x86_64.rpm!usr/lib/modules/5.15.12-1-default/kernel/drivers/net/usb/ipheth.ko',
  name: 'ipheth',
  sha256,
  verdict: 'rejected',
  basis: 'kernel-check',
  overall: 'refused',
  errno: 22,
  log: [
    'BPF: [103111] STRUCT',
    'BPF: size=152 vlen=2',
    'BPF: Invalid name',
    'failed to validate module [ipheth] BTF: -22',
  ],
  engine: '1.0.0',
  headline: 'functions-only: 2 functions came, and every later id moved',
  message: 'The file ends inside of an archive member.',
  code: 'truncated',
  author: 'release-team',
  project: 'openSUSE:Factory',
  repository: 'standard',
  arch: 'x86_64',
  package: 'kernel-default',
  srcmd5: '9d1f7c3a5b2e4f60a8c7d6e5f4a3b2c1',
  verifymd5: '9d1f7c3a5b2e4f60a8c7d6e5f4a3b2c1',
  versrel: '5.15.12-1',
  reason: 'meta change',
  tag: 'f44-updates-candidate',
  source: 'git+https://src.example.org/rpms/kernel#9d1f7c3a',
  type: 'struct net_device',
  from: 'struct veth_priv.dev',
  expected: 'struct net_device *',
  actual: 'u16[8]',
  cursor: 'WyJidWlsZHMiXQ',
  'if-match': '"3"',
  createdAt: '2026-11-25T13:00:00.000Z',
  sealedAt: '2026-11-25T13:02:00.000Z',
  updatedAt: '2026-11-25T13:02:00.000Z',
  expiresAt: '2026-12-25T00:00:00.000Z',
  url: 'https://build.example.org/package/show/openSUSE:Factory/kernel-default',
}
const time = '2026-11-25T13:00:00.000Z'

/** What stands for a text without a better example. */
function text({ pattern, format, minLength = 0, maxLength }) {
  if (format === 'date-time') return time
  const candidates = ['', 'text', telling.id, sha256, telling.vr, 'a', '1', 'A-1', '0'.repeat(64)]
  const fits = (value) =>
    value.length >= minLength &&
    value.length <= (maxLength ?? value.length) &&
    (pattern === undefined || new RegExp(pattern, 'u').test(value))
  const found = candidates.filter((value) => value !== '').find(fits)
  if (found === undefined) throw new Error(`No example fits ${pattern}: give the schema one in \`examples\``)
  return found
}

/** Whether a value may stand for a schema, as far as its outermost part says. */
function fits(document, value, schema) {
  const of = resolved(document, schema)
  if (of.anyOf !== undefined) return of.anyOf.some((one) => fits(document, value, one))
  if (of.enum !== undefined) return of.enum.includes(value)
  const types = [of.type].flat()
  if (Array.isArray(value))
    return types.includes('array') && value.every((item) => fits(document, item, of.items))
  if (typeof value === 'number') return types.includes('integer') || types.includes('number')
  if (!types.includes('string')) return false
  if (of.format === 'date-time') return !Number.isNaN(Date.parse(value))
  if (value.length > (of.maxLength ?? value.length)) return false
  return of.pattern === undefined || new RegExp(of.pattern, 'u').test(value)
}

const mostDepth = 6

/** An example of a schema. `name` is what it is called where it stands. */
export function exampleOf(document, schema, name = '', depth = 0) {
  const given = schema.example ?? schema.examples?.[0]
  if (given !== undefined) return given
  const of = resolved(document, schema)
  const own = of.example ?? of.examples?.[0]
  if (own !== undefined) return own
  if (Object.hasOwn(telling, name) && fits(document, telling[name], of)) return telling[name]
  if (of.const !== undefined) return of.const
  if (of.enum !== undefined) return of.enum[0]
  if (of.anyOf !== undefined) {
    const some = of.anyOf.find((one) => one.type !== 'null')
    const none = of.anyOf.some((one) => one.type === 'null')
    return none && (depth >= mostDepth || failing.has(name)) ? null : exampleOf(document, some, name, depth)
  }
  switch ([of.type].flat()[0]) {
    case 'object':
      return objectOf(document, of, depth)
    case 'array':
      return depth >= mostDepth && (of.minItems ?? 0) === 0
        ? []
        : [exampleOf(document, of.items, '', depth + 1)]
    case 'string':
      return [of.type].flat().includes('null') && (empty.has(name) || of.pattern !== undefined)
        ? null
        : text(of)
    case 'boolean':
      return true
    case 'integer':
    case 'number':
      return of.default ?? Math.max(of.minimum ?? 0, Math.min(1, of.maximum ?? 1))
    default:
      return {}
  }
}

/** What is null in a good answer, where it may be. */
const failing = new Set(['error', 'failure', 'revokedAt'])
const empty = new Set(['next', 'at', 'banner', 'buildId', 'leftAt', 'builtFor'])

function objectOf(document, schema, depth) {
  const required = new Set(schema.required ?? [])
  const members = Object.entries(schema.properties ?? {})
    // Optional parts show up to a depth: enough to see them, not so much as to hide the rest.
    .filter(([key]) => required.has(key) || depth < 3)
    .map(([key, of]) => [key, exampleOf(document, of, key, depth + 1)])
  const rest = [...required]
    .filter((key) => !Object.hasOwn(schema.properties ?? {}, key))
    .map((key) => [key, exampleOf(document, schema.additionalProperties, key, depth + 1)])
  return Object.fromEntries([...members, ...rest])
}
