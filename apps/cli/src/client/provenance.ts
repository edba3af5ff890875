import type { Provenance } from '@basedrift/contract'
import { CliError } from '../errors.js'

/** The keys that have a place of their own in a declaration; the value says whether it is a number there. */
const known: Readonly<Record<'obs' | 'koji', Readonly<Record<string, boolean>>>> = {
  obs: {
    project: false,
    repository: false,
    arch: false,
    package: false,
    srcmd5: false,
    verifymd5: false,
    versrel: false,
    bcnt: true,
    reason: false,
  },
  koji: { buildId: true, taskId: true, tag: false, source: false },
}

/**
 * Reads `--provenance KEY=VALUE`: `obs.project`, `koji.taskId` and their like, and `url`, have places of their own; any other
 * key becomes a label.
 * @throws CliError `usage`
 */
export function parseProvenance(values: readonly string[]): Provenance {
  const obs: Record<string, string | number> = {}
  const koji: Record<string, string | number> = {}
  const labels: Record<string, string> = {}
  let url: string | undefined
  for (const value of values) {
    const at = value.indexOf('=')
    const key = value.slice(0, Math.max(0, at))
    const content = value.slice(at + 1)
    if (key === '' || content === '') {
      throw new CliError(
        'usage',
        `"${value}" is not KEY=VALUE, as in obs.project=openSUSE:Factory.`,
        '--provenance',
      )
    }
    const [group, field] = splitKey(key)
    if (group !== null) {
      const into = group === 'obs' ? obs : koji
      into[field] = known[group][field] ? wholeNumber(value, content) : content
    } else if (key === 'url') url = content
    else labels[key] = content
  }
  return {
    ...(Object.keys(obs).length > 0 ? { obs } : {}),
    ...(Object.keys(koji).length > 0 ? { koji } : {}),
    ...(url === undefined ? {} : { url }),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
  }
}

function splitKey(key: string): [group: 'obs' | 'koji' | null, field: string] {
  const [group, field = ''] = key.split('.', 2)
  if (group !== 'obs' && group !== 'koji') return [null, key]
  if (Object.hasOwn(known[group], field) && key === `${group}.${field}`) return [group, field]
  const fields = Object.keys(known[group]).map((name) => `${group}.${name}`)
  throw new CliError('usage', `"${key}" is not known; there are ${fields.join(', ')}.`, '--provenance')
}

function wholeNumber(value: string, content: string): number {
  if (!/^\d{1,15}$/.test(content))
    throw new CliError('usage', `"${value}" wants a whole number.`, '--provenance')
  return Number(content)
}
