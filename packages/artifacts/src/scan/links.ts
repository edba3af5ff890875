import { posix } from 'node:path'
import { interestOf } from './interest.js'

/** A path in, or the name of, the folder of a release. */
const inFolder = /^(?:.*\/)?lib\/modules\/([^/]+)(?:\/(.*))?$/s
/** Names of folders below it in which depmod looks for modules: sources and the like, and what has the name of a file, are none. */
const folderName = /^(?!(?:.*\/)?(?:build|source)(?:\/|$))(?:[^/]+\/)*[^/.]+$/s

/** The last part of a path: of a member, that inside its archive. */
const innerPath = (file: string) => file.slice(file.lastIndexOf('!') + 1)

/**
 * Whether a symbolic link shows a kernel modules that nobody looks at for that kernel: a module, or a folder of them, below
 * `lib/modules/RELEASE` whose target lies elsewhere. Weak updates, which link to what is installed for another kernel, are what gates know of
 * (`weak-updates/`); what has the name of a module there and is no module itself is not read anywhere.
 */
export function showsUnread(file: string, target: string): boolean {
  const path = innerPath(file)
  const isModule = interestOf(path) === 'module'
  if (isModule && interestOf(target) !== 'module') return true
  const [, release, below = ''] = inFolder.exec(path) ?? []
  const isFolder = interestOf(path) === null && (below === '' || folderName.test(below))
  if (release === undefined || !(isModule || isFolder)) return false
  const absolute = posix.join('/', posix.resolve(posix.join('/', posix.dirname(path)), target))
  const [, targetRelease] = inFolder.exec(absolute) ?? []
  return below.startsWith('weak-updates/') ? targetRelease === undefined : targetRelease !== release
}
