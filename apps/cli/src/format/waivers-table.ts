import type { Waiver } from '@basedrift/contract'
import { clipped, printable, wrapped } from '../output/printable.js'
import type { Tone } from '../output/style.js'
import { counted, minute } from '../output/words.js'
import { nameOf } from './gate-words.js'
import type { TableOptions } from './table-options.js'

const tones: Readonly<Record<Waiver['state'], Tone>> = {
  active: 'doubtful',
  expired: 'faint',
  withdrawn: 'faint',
}

/** Names of modules that are listed of a waiver. */
const listedNames = 5

function modulesOf({ modules }: Waiver): string {
  if (modules === null) return 'all modules'
  const names = modules.slice(0, listedNames).map(({ name }) => name)
  const more = modules.length - names.length
  return `${counted(modules.length, 'module')}: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** Waivers, a block each, in the order given. */
export function waiversTable(waivers: readonly Waiver[], { style, width }: TableOptions): string {
  if (waivers.length === 0)
    return 'There are no waivers that this token may see and that fit what was asked for.\n'
  const blocks = waivers.map((waiver) => {
    const { state, verdicts, kernelBuild, moduleBuild, author, expiresAt, withdrawnAt, withdrawnBy } = waiver
    const on = `${verdicts.join(', ')} of ${nameOf(moduleBuild)} on ${nameOf(kernelBuild)}, ${waiver.stream}`
    const end =
      withdrawnAt === null ? '' : `, withdrawn ${withdrawnAt.slice(0, 10)} by ${withdrawnBy ?? 'somebody'}`
    return [
      `${style(tones[state], state)}  ${style('strong', printable(on))}`,
      `  ${clipped(modulesOf(waiver), width - 2)}`,
      `  ${printable(`${author}, until ${minute(expiresAt)} UTC${end}`)}`,
      ...wrapped(waiver.reason, width - 2).map((line) => `  ${line}`),
      `  ${waiver.id}`,
    ].join('\n')
  })
  return `${blocks.join('\n\n')}\n`
}
