import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import { gunzipSync } from 'node:zlib'
import {
  type KernelFacts,
  kernelVersion,
  limits,
  type Problem,
  problem,
  type ReadConfig,
  readConfig,
} from '@basedrift/artifacts'
import { CheckError } from '../errors.js'

/** Files below `lib/modules` that are modules by name. */
const moduleName = /\.ko(?:\.(?:gz|xz|zst))?$/
/** Symbolic links on the way to one file (Linux: MAXSYMLINKS). */
const mostLinks = 40
/** Bytes of a text in /proc. */
const textBytes = 4096

/** Where the parts of a running machine are: paths as they are shown and opened. */
export interface Machine {
  readonly root: string
  /** `uname -r` */
  readonly release: string
  /** The kernel's base BTF in sysfs. */
  readonly base: string
  /** What else it says of the kernel: everything but the base. */
  readonly facts: Pick<KernelFacts, 'release' | 'version' | 'banner' | 'config'>
  /** Where the config was found; null where it was not. */
  readonly configFile: string | null
  /** Contradictions, and a config that cannot be read. */
  readonly problems: readonly Problem[]
  /** The directory of its modules; null where there is none. */
  readonly modules: string | null
  /** Modules that are links to those of another kernel (weak-updates): path of the link, and of what it leads to. */
  readonly linked: readonly { readonly link: string; readonly target: string }[]
  /** Links to modules that lead out of the modules' directory, or nowhere. */
  readonly stray: readonly string[]
  /** The installed image of this kernel, which its modules came with; null where there is none. */
  readonly image: string | null
  /** Its initramfs images. */
  readonly initrds: readonly string[]
}

/** A text of at most 4 KiB without its newline; null where it cannot be read. */
function line(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').slice(0, textBytes).trimEnd()
  } catch {
    return null
  }
}

/**
 * Looks at the machine whose root directory is `root`: sysfs and procfs for the running kernel, /boot and /lib/modules for what is
 * installed of it. Links are followed as the machine would follow them, with `root` as the root directory.
 * @throws CheckError `machine-unknown` where it does not say which kernel it runs, `kernel-btf-absent`
 */
export function lookAtMachine(root: string): Machine {
  const release = line(join(root, 'proc/sys/kernel/osrelease'))
  if (release === null || !/^[^/\0]+$/.test(release) || release === '.' || release === '..')
    throw new CheckError('machine-unknown', undefined, join(root, 'proc/sys/kernel/osrelease'))
  const tree = resolveIn(root, ['lib', 'modules'])
  const modules = resolveIn(root, ['lib', 'modules', release])
  const { config, file: configFile, problems } = configOf(root, release)
  const banner = line(join(root, 'proc/version'))
  const base = join(root, 'sys/kernel/btf/vmlinux')
  if (!existsSync(base)) throw new CheckError('kernel-btf-absent', undefined, base)
  const told = kernelVersion({
    file: base,
    configVersion: config?.version ?? null,
    signature: line(join(root, 'proc/version_signature')) ?? config?.signature ?? null,
    banner,
    release,
  })
  const { linked, stray } = links(root, tree, modules)
  return {
    root,
    release,
    base,
    facts: { release, version: told.version, banner, config: config?.config ?? null },
    configFile,
    problems: [...problems, ...told.problems.filter(({ code }) => code !== 'version-unknown')],
    modules,
    linked,
    stray,
    image: firstFile(root, [
      `boot/vmlinuz-${release}`,
      `boot/vmlinux-${release}`,
      `boot/Image-${release}`,
      `lib/modules/${release}/vmlinuz`,
    ]),
    initrds: initrdsOf(root, release, modules),
  }
}

/**
 * The path that the machine would come to by `names`, each link followed with `root` as the root directory; null where it
 * leads nowhere.
 */
function resolveIn(root: string, names: readonly string[]): string | null {
  const waiting = [...names].reverse()
  const at: string[] = []
  let followed = 0
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (name === '' || name === '.') continue
    if (name === '..') {
      at.pop()
      continue
    }
    const path = join(root, ...at, name)
    try {
      if (!lstatSync(path).isSymbolicLink()) {
        at.push(name)
        continue
      }
      if (++followed > mostLinks) return null
      const target = readlinkSync(path)
      if (target.startsWith('/')) at.length = 0
      waiting.push(...target.split('/').reverse())
    } catch {
      return null
    }
  }
  return join(root, ...at)
}

/** The first of some paths that leads to a regular file. */
function firstFile(root: string, paths: readonly string[]): string | null {
  return paths.map((path) => fileIn(root, path)).find((path) => path !== null) ?? null
}

/** Where a path leads to, if to a regular file. */
function fileIn(root: string, path: string): string | null {
  const found = resolveIn(root, path.split('/'))
  return found !== null && statSync(found, { throwIfNoEntry: false })?.isFile() === true ? found : null
}

interface FoundConfig {
  readonly config: ReadConfig | null
  readonly file: string | null
  readonly problems: Problem[]
}

/** The running kernel's own config (CONFIG_IKCONFIG_PROC), or the one that was installed with it. */
function configOf(root: string, release: string): FoundConfig {
  const problems: Problem[] = []
  const places = ['proc/config.gz', `boot/config-${release}`, `lib/modules/${release}/config`]
  for (const place of places) {
    const path = fileIn(root, place)
    if (path === null) continue
    try {
      const bytes = readFileSync(path)
      const text = place.endsWith('.gz') ? gunzipSync(bytes, { maxOutputLength: limits.configBytes }) : bytes
      return { config: readConfig(text), file: path, problems }
    } catch (error) {
      const detail = error instanceof Error ? error.message.replace(/\.$/, '') : String(error)
      problems.push(problem('config-malformed', path, null, detail))
    }
  }
  return { config: null, file: null, problems }
}

/** Links to modules in a kernel's directory. Distributions link modules of other kernels there; links out of it are not followed. */
function links(root: string, tree: string | null, modules: string | null): Pick<Machine, 'linked' | 'stray'> {
  const linked: { link: string; target: string }[] = []
  const stray: string[] = []
  const waiting = modules === null ? [] : [modules]
  let count = 0
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of entriesOf(folder)) {
      if (++count > limits.members) throw new CheckError('machine-unknown', 'It has too many files', folder)
      const path = join(folder, entry.name)
      if (entry.isDirectory()) waiting.push(path)
      if (!entry.isSymbolicLink() || !moduleName.test(entry.name)) continue
      const target = fileIn(root, path.slice(root.length))
      if (target !== null && tree !== null && target.startsWith(tree + sep))
        linked.push({ link: path, target })
      else stray.push(path)
    }
  }
  return { linked, stray }
}

/** What is in a directory; one that cannot be read is reported where its files are scanned. */
function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

/**
 * The initramfs images of a kernel where Debian and Ubuntu, Fedora and RHEL, SUSE, Arch (by the name of its package) and the Boot Loader
 * Specification keep them.
 */
function initrdsOf(root: string, release: string, modules: string | null): string[] {
  const arch = modules === null ? null : line(join(modules, 'pkgbase'))
  const byPackage = arch === null || !/^[\w.+-]+$/.test(arch) ? [] : [`boot/initramfs-${arch}.img`]
  const entries = entriesOf(join(root, 'boot')).filter((entry) => entry.isDirectory())
  const places = [
    `boot/initrd.img-${release}`,
    `boot/initramfs-${release}.img`,
    `boot/initrd-${release}`,
    `boot/initrd-${release}.img`,
    ...byPackage,
    `lib/modules/${release}/initrd`,
    ...entries.map(({ name }) => `boot/${name}/${release}/initrd`),
  ]
  return [...new Set(places.map((place) => fileIn(root, place)).filter((path) => path !== null))]
}
