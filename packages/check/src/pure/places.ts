/** What depmod goes by of a module. */
export interface ModulePlace {
  /** By its file, `_` for `-`. */
  readonly name: string
  /** The release below whose folder a kernel finds it (`lib/modules/RELEASE`); null where it lies in none. */
  readonly folder: string | null
  /** Whether it lies where depmod may look before it looks at the modules of the kernel. */
  readonly precedes: boolean
}

/** A folder that `modprobe` looks into, at the root of what a package installs; links make one of both spellings. */
const installed = /^\.?\/?(?:usr\/)?lib\/modules\/([^/]+)\/(.*)$/s
/** The same anywhere: a path on this machine may lead through a root that was mounted or unpacked. */
const onDisk = /^(?:.*\/)?lib\/modules\/([^/]+)\/(.*)$/s
/** Folders that depmod passes over, wherever they lie (`should_exclude_dir`). */
const passedOver = /(?:^|\/)(?:build|source)\//

/**
 * The release below whose folder a kernel finds the module of this path (members after `!`): RELEASE of `lib/modules/RELEASE/…`. null
 * where nobody looks: what lies elsewhere in a package or in a tree of sources, or is a file by itself.
 */
export function folderOf(file: string): string | null {
  const end = file.lastIndexOf('!')
  const found = end < 0 ? onDisk.exec(file) : installed.exec(file.slice(end + 1))
  return found === null || passedOver.test(found[2]!) ? null : found[1]!
}
