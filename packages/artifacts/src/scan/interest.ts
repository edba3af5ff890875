/** What a member's path promises: the rest of an archive is passed over unread. */
export type Interest = 'module' | 'kernel' | 'config' | 'symvers' | 'raw-btf' | 'package'

const suffixes = 'gz|xz|zst|bz2|lz4|lzma|lzo'
const compressed = `(?:\\.(?:${suffixes}))?`
const module = new RegExp(`\\.ko${compressed}$`)
const raw = new RegExp(`\\.(?:btf|base)${compressed}$`)
const archive = new RegExp(`\\.(?:deb|rpm|cpio|tgz|txz|tzst|tbz2|tar${compressed})$`)
const kernel = new RegExp(`^(?:vmlinu[xz]|bzImage|Image)(?:-.+|\\.(?:efi|${suffixes}))?$`)
/** Initramfs images as distributions name them: `initrd.img-REL`, `initramfs-REL.img`, `initrd-REL`, `initramfs-linux.img`, `initrd`. */
const initramfs = new RegExp(
  `^(?:initrd|initramfs)(?:\\.img)?(?:-(?:\\d|linux|genkernel).*|-.*\\.img)?(?:\\.img)?(?:\\.(?:${suffixes}))?$`,
)
/** What stands beside kernels under their names: signatures, checksums, split debug information, linker scripts, scripts. */
const besides = /\.(?:sig|asc|hmac|debug|map|lds|py|h|o|S|old)$/
const symvers = new RegExp(`^(?:Module\\.symvers|symvers(?:-.+)?)${compressed}$`)
const modulesFolder = /(?:^|\/)lib\/modules\/[^/]+\/config$/

/** The name of a module that was written otherwise than modules are named, below the folder of a release. */
const likeModule = /(?:^|\/)lib\/modules\/[^/]+\/(?:.*\/)?[^/]*\.ko(?:\.[^/]*)?$/i
/** What stands beside modules: signatures, and what was there before. */
const besidesModules = /\.(?:p7s|bak|orig|rpm(?:save|new|orig)|dpkg-\w+)$/

/** Whether a file that nothing is known of may be meant for a module: nobody looks at it. */
export function isLikeModule(path: string): boolean {
  return likeModule.test(path) && !besides.test(path) && !besidesModules.test(path)
}

/** The last part of a path, members after `!`. */
export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('!')) + 1)
}

/** What a path promises, or null for a file that nothing is known of. */
export function interestOf(path: string): Interest | null {
  const name = baseName(path)
  if (module.test(name)) return 'module'
  if (raw.test(name)) return 'raw-btf'
  if (archive.test(name)) return 'package'
  if (initramfs.test(name) && !besides.test(name)) return 'package'
  if (kernel.test(name) && !besides.test(name)) return 'kernel'
  if (/^config-/.test(name) || name === '.config' || modulesFolder.test(path)) return 'config'
  if (symvers.test(name)) return 'symvers'
  return null
}
