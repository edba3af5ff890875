import { moduleNameFromPath } from '@basedrift/artifacts'
import { folderOf, type ModulePlace } from './pure/index.js'

/** Below the folder of a release: what depmod takes before all else (`search updates built-in`, its default). */
const updates = /^(?:.*\/)?lib\/modules\/[^/]+\/updates\//s
/** And what distributions and packages have it take before the kernel's (`search`, `override`). */
const preceding = /^(?:.*\/)?lib\/modules\/[^/]+\/(?:updates|extra|weak-updates)\//s

const lies = (file: string, where: RegExp) =>
  folderOf(file) !== null && where.test(file.slice(file.lastIndexOf('!') + 1))

/** What depmod goes by of the module at this path. */
export function placeOf(file: string): ModulePlace {
  return { name: moduleNameFromPath(file), folder: folderOf(file), precedes: lies(file, preceding) }
}

/**
 * For modules at these paths, whether depmod passes over the one at that place: another of its name lies in `updates/` of the same
 * release, and it does not. Which of several it takes otherwise is left open.
 */
export function overridden(files: readonly string[]): (nth: number) => boolean {
  const keyOf = (file: string) => `${folderOf(file)} ${moduleNameFromPath(file)}`
  const isUpdate = (file: string) => lies(file, updates)
  const replaced = new Set(files.filter(isUpdate).map(keyOf))
  return (nth) => {
    const file = files[nth]!
    return replaced.size > 0 && replaced.has(keyOf(file)) && !isUpdate(file)
  }
}
