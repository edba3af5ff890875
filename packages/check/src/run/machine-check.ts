import { sep } from 'node:path'
import type { ModuleFacts } from '@basedrift/artifacts'
import { CheckError } from '../errors.js'
import type { FoundKernel } from '../kernels.js'
import type { Exporter } from '../provides.js'
import { sha256Of } from '../sha256.js'
import { type CheckRequest, type CheckResult, checkKernelAndModules } from './check.js'
import { type InputContent, type ReadInput, type ReadOptions, readInput } from './inputs.js'
import { lookAtMachine, type Machine } from './machine.js'
import { type Origin, sameBtf } from './origins.js'

/** What is checked of this machine; a kernel or modules that are given take the place of its own. */
export interface MachineRequest extends Omit<CheckRequest, 'kernel' | 'modules'> {
  readonly kernel?: string
  readonly modules?: readonly string[]
  /** Directory that stands for `/`: sysfs, procfs, /boot and /lib/modules are looked for below it. */
  readonly root?: string
}

/**
 * Checks the modules of this machine, those in its initramfs images too, on the kernel that it runs. The base is that of
 * /sys/kernel/btf/vmlinux; the rules follow the running kernel's version and config. In-tree modules were built on the base of
 * the installed image of that kernel, where there is one: an image that was replaced while its predecessor runs is seen. Modules
 * of an initramfs were so if their BTF is that of an installed one. What cannot be read is a row with verdict `error`, what is not
 * there a note.
 * @throws CheckError as `checkKernelAndModules` does, and `machine-unknown`
 */
export async function checkMachine(request: MachineRequest, given: ReadOptions = {}): Promise<CheckResult> {
  const { root = '/', kernel, modules = [], ...rest } = request
  const machine = lookAtMachine(root)
  const own = modules.length === 0
  const paths = own ? pathsOf(machine) : modules
  if (paths.length === 0) throw new CheckError('modules-absent', noModules(machine))
  const result = await checkKernelAndModules(
    { ...rest, kernel: kernel ?? machine.base, modules: paths },
    { ...given, read: readerOf(machine) },
  )
  const notes = [...(result.notes ?? []), ...(own ? notesOf(machine) : [])]
  return notes.length === 0 ? result : { ...result, notes }
}

/** What is read of a machine, in this order; images in the modules' directory are met there. */
function pathsOf({ modules, linked, initrds }: Machine): string[] {
  const apart = initrds.filter((path) => modules === null || !path.startsWith(modules + sep))
  return [...(modules === null ? [] : [modules]), ...linked.map(({ link }) => link), ...apart]
}

function noModules({ root, release }: Machine): string {
  return `There is no directory lib/modules/${release} in ${root}`
}

/** Links that a note names. */
const namedLinks = 4

/** What the machine does not have, so that nobody takes it for checked. */
function notesOf(machine: Machine): string[] {
  const { root, release, modules, initrds, stray } = machine
  const notes: string[] = []
  if (modules === null) notes.push(`${noModules(machine)}.`)
  if (initrds.length === 0) {
    notes.push(
      `No initramfs image of ${release} was found in ${root}: what it loads at boot was not checked.`,
    )
  }
  if (stray.length > 0) {
    const named = stray.slice(0, namedLinks).join(', ')
    const more = stray.length > namedLinks ? ` and ${stray.length - namedLinks} more` : ''
    notes.push(
      `Links to modules that lead nowhere, or out of lib/modules, were not followed: ${named}${more}.`,
    )
  }
  return notes
}

/** Reads the parts of a machine as inputs of a check, and every other input as it is. */
function readerOf(machine: Machine): ReadInput {
  const targets = new Map(machine.linked.map(({ link, target }) => [link, target]))
  /** Origin of the in-tree modules by the SHA-256 of their BTF. */
  const installed = new Map<string, Origin>()
  /** What the running kernel's own modules export, once they have been read. */
  const exporters: Exporter[] = []
  let reading: Promise<FoundKernel | null> | undefined
  const imageOf = (options: ReadOptions) => {
    reading ??= machine.image === null ? Promise.resolve(null) : readImage(machine.image, options)
    return reading
  }
  let isInstalled = false
  return async (path, role, keepModules, options) => {
    const target = targets.get(path)
    const content = await readInput(target ?? path, role, keepModules, options)
    if (target !== undefined) return linkedContent(path, target, content)
    if (path === machine.base) {
      const image = await imageOf(options)
      isInstalled = image !== null && isSameBuild(image, machine, content)
      return { ...runningContent(machine, content, isInstalled ? image : null), exporters }
    }
    if (path === machine.modules) {
      const image = content.kernel ?? (await imageOf(options))
      const own = inTree(machine, content)
      if (isInstalled) exporters.push(...own)
      // Symbol versions of the installed kernel are not those of another build of its release that runs.
      const symvers = isInstalled ? content.symvers : []
      return { ...installedContent(content, own, image?.base ?? null, installed), symvers }
    }
    if (machine.initrds.includes(path)) return { ...content, originOf: (facts) => sameBtf(facts, installed) }
    return content
  }
}

/** Whether the installed image is the one that runs: builds of one version can share a banner, or a base. */
function isSameBuild(image: FoundKernel, { facts }: Machine, { kernel }: InputContent): boolean {
  const sameBase = image.base !== null && image.base.sha256 === kernel?.base?.sha256
  return sameBase && image.kernel.banner !== null && image.kernel.banner === facts.banner
}

/** The running kernel: its base from sysfs, what it exports from its image, everything else from what the machine says. */
function runningContent(machine: Machine, content: InputContent, image: FoundKernel | null): InputContent {
  const { kernel: found } = content
  if (found === null) return content
  const kernel = { ...found.kernel, vermagic: image?.kernel.vermagic ?? null, ...machine.facts }
  return {
    ...content,
    kernel: { kernel, base: found.base, exports: image?.exports ?? null },
    problems: [...content.problems, ...machine.problems],
    kernelFiles: new Set([...content.kernelFiles, ...machine.problems.map(({ file }) => file)]),
  }
}

/** The modules that come with the kernel: those in other directories do not. */
function inTree({ modules }: Machine, content: InputContent): readonly ModuleFacts[] {
  const tree = `${modules}${sep}kernel${sep}`
  return content.modules.filter(({ file }) => file.startsWith(tree) && !file.includes('!'))
}

/** A module of another kernel that is linked for this one: shown as the link. Nothing says what it was built on. */
function linkedContent(link: string, target: string, content: InputContent): InputContent {
  const shown = (file: string) => (file === target ? link : file)
  return {
    ...content,
    path: link,
    modules: content.modules.map((facts) => ({ ...facts, file: shown(facts.file) })),
    problems: content.problems.map((problem) => ({ ...problem, file: shown(problem.file) })),
    originOf: () => null,
  }
}

/** The installed modules: those of the tree came with the kernel's image, those in an initramfs may have. */
function installedContent(
  content: InputContent,
  own: readonly ModuleFacts[],
  image: Origin,
  installed: Map<string, Origin>,
): InputContent {
  for (const { btf } of own) if (btf !== null) installed.set(sha256Of(btf), image)
  const inTree = new Set(own)
  const originOf = (facts: ModuleFacts): Origin => {
    if (facts.file.includes('!')) return sameBtf(facts, installed)
    return inTree.has(facts) ? image : null
  }
  return { ...content, originOf }
}

/** The installed image of the kernel; null where it cannot be read: its modules' origin is then not known. */
async function readImage(path: string, options: ReadOptions): Promise<FoundKernel | null> {
  const { kernel } = await readInput(path, 'kernel', false, options)
  return kernel
}
