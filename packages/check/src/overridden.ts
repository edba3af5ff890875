import { moduleNameFromPath } from '@basedrift/artifacts'
import { folderOf } from './pure/index.js'

/** Below the folder of a release: what depmod takes before all else (`search updates built-in`, its default). */
const updates = /^(?:.*\/)?lib\/modules\/[^/]+\/updates\//s

/**
 * For modules at these paths, whether depmod passes over the one at that place: another of its name lies in `updates/` of the same
 * release, and it does not. Which of several it takes otherwise is left open.
 */
export function overridden(files: readonly string[]): (nth: number) => boolean {
  const keyOf = (file: string) => `${folderOf(file)} ${moduleNameFromPath(file)}`
  const isUpdate = (file: string) =>
    folderOf(file) !== null && updates.test(file.slice(file.lastIndexOf('!') + 1))
  const replaced = new Set(files.filter(isUpdate).map(keyOf))
  return (nth) => {
    const file = files[nth]!
    return replaced.size > 0 && replaced.has(keyOf(file)) && !isUpdate(file)
  }
}
