import { folderOf } from '@basedrift/check/pure'
import type { BaseFacts, Kernel, ModuleResult, ModuleRow } from '@basedrift/contract'
import { loadStory, number, remedyOfLoad } from './explain-load.js'

/** What an explanation is made of. */
export interface Explained {
  result: ModuleResult
  module: ModuleRow
  kernel: Kernel
  /** `version-release` of the running kernel's build and of the module's. */
  kernelBuild: string
  moduleBuild: string
  /** The base that the module was built on, where that is known, and the build that it is of. */
  origin: { base: BaseFacts; build: string } | null
  /** Where it is not: the build whose base, and no other of the stream, the modules fit. */
  fits: string | null
  /** Where another base is the origin of its build, why not its own; null where it is, or none is. */
  apart: Apart | null
  /** How many modules of the build have its name. */
  copies: number
}

/** Why the kernel that a module came with is not the one that it was built on, as far as is known. */
export interface Apart {
  /** `uname -r` of that kernel; null where stamps alone name the base. */
  release: string | null
  /** The release that the module names. */
  named: string | null
  /** Whether it was found in an initramfs image. */
  inImage: boolean
}

function kernelName({ kernel, kernelBuild }: Explained): string {
  return kernel.release === null ? `The kernel of ${kernelBuild}` : `${kernel.release} (${kernelBuild})`
}

/** The type that the kernel stopped at, in words; empty where it named none. */
function placeOf({ result }: Explained): string {
  const { reason } = result
  if (reason === undefined) return ''
  const id = reason.typeId === undefined ? '' : ` at type id ${number(reason.typeId)}`
  const path = reason.path === undefined ? '' : `, ${reason.path}`
  const found = reason.actual === '' ? 'an empty name' : (reason.actual ?? 'nothing')
  const values =
    reason.expected === undefined && reason.actual === undefined
      ? ''
      : ` (expected ${reason.expected ?? 'something else'}, found ${found})`
  return ` It stops${id}${path}${values}: ${reason.code}.`
}

/** How the two bases differ, as far as both are known. */
function apartText({ release, named, inImage }: Apart): string {
  if (inImage)
    return 'It was found in an initramfs image, which may be older than the kernel beside it, and no module outside is the same.'
  return release === null
    ? 'Other modules of the build have stamps that name the base they were built on; this one has none.'
    : `It names the kernel release ${named ?? 'of none'}, and the kernel that it came with is ${release}: that one is not taken for the one that it was built on.`
}

function basesOf({ result, origin, fits, apart, kernel, moduleBuild }: Explained): string[] {
  if (apart !== null) return [apartText(apart)]
  if (fits !== null) {
    if (result.verdict === 'compatible' || result.verdict === 'no-btf') return []
    return [
      `The modules of ${moduleBuild} fit the base of ${fits} and no other that is recorded in the stream; nothing says that they ` +
        'were built on it, and a rebuild of equal length would fit as well.',
    ]
  }
  if (origin === null) return []
  const running = kernel.base
  if (origin.base.sha256 === running.sha256) return [`It was built on this very base, of ${origin.build}.`]
  const whose = origin.build === moduleBuild ? 'its own base' : `the base of ${origin.build}`
  return [
    `${moduleBuild} was built on ${whose}: ${number(origin.base.types)} types and ` +
      `${number(origin.base.strings)} bytes of strings. This kernel's base has ${number(running.types)} types and ` +
      `${number(running.strings)} bytes of strings, so ids and offsets that start after the one stand elsewhere in the other.`,
  ]
}

/** What proves that the base of this kernel is not the one that the module was built on. */
function proofOf({ result, module, kernel }: Explained): string[] {
  const { basis, reason } = result
  const length = module.btf?.originStrings ?? null
  if (basis === 'origin-length' && length !== null) {
    return [
      `The module's own names start after ${number(length)} bytes of strings, and this base has ` +
        `${number(kernel.base.strings)}: it was built on another base.`,
    ]
  }
  if (reason?.expected === undefined || basis === 'misbound' || basis === 'origin-length') return []
  const { path = 'one of its references', expected, actual = 'something else' } = reason
  return [`On this base ${path} would have to be ${expected} and is ${actual}, which no build tool writes.`]
}

/** How many references or types differ, and the first of them. */
function findingsOf({ result }: Explained): string[] {
  const { misboundTotal = 0, misbound = [], changedTotal = 0, changed = [] } = result
  const [reference] = misbound
  const [type] = changed
  return [
    ...(misboundTotal === 0
      ? []
      : [
          `${misboundTotal === 1 ? '1 of its references binds' : `${number(misboundTotal)} of its references bind`} to something ` +
            `else than ${misboundTotal === 1 ? 'it was' : 'they were'} built to mean` +
            `${reference === undefined ? '' : `; the first is ${reference.from}, which meant ${named(reference.expected)} and means ${named(reference.actual)}`}.`,
        ]),
    ...(changedTotal === 0
      ? []
      : [
          `${changedTotal === 1 ? '1 type' : `${number(changedTotal)} types`} of what it uses ${changedTotal === 1 ? 'is' : 'are'} ` +
            `defined differently${type === undefined ? '' : `; the first is ${type.type}, reached by ${type.from}`}.`,
        ]),
  ]
}

const named = (text: string) => (text === '' ? 'an empty name' : text)

function happenedBy(explained: Explained): string[] {
  const { result, module, kernel } = explained
  const name = kernelName(explained)
  const module_ = module.name
  switch (result.verdict) {
    case 'compatible':
      if (result.basis === 'relocated')
        return [`${name} relocates ${module_} by its distilled base: its references bind by name.`]
      return result.basis === 'equivalent-binding'
        ? [
            `${name} accepts ${module_}, and each of its references means the same on both bases, though these differ.`,
          ]
        : [`${name} accepts ${module_}, and its references bind to what they were built on.`]
    case 'changed':
      return [
        `${name} accepts ${module_}, but what it uses is defined differently here: BPF programs read members at places where they are not.`,
        ...findingsOf(explained),
      ]
    case 'misread':
      return [
        `${name} accepts ${module_} without a word, and reads its types wrongly: BPF programs get other types than were meant.`,
        ...findingsOf(explained),
        ...proofOf(explained),
      ]
    case 'rejected':
      return [`${name} refuses to load ${module_} with errno ${result.errno}.${placeOf(explained)}`]
    case 'discarded':
      return [
        `${name} refuses the BTF of ${module_} with errno ${result.errno}, and loads the module without it, as ` +
          `CONFIG_MODULE_ALLOW_BTF_MISMATCH=y has it.${placeOf(explained)}`,
      ]
    case 'crashes':
      return [`${name} ${result.basis === 'kernel-hang' ? 'hangs' : 'crashes'} on the BTF of ${module_}.`]
    case 'no-btf':
      return [
        kernel.btfModules === false
          ? `${name} was built without CONFIG_DEBUG_INFO_BTF_MODULES, and looks at the BTF of no module.`
          : `${module_} has no BTF that ${name} would look at.`,
      ]
    case 'unknown':
      return [
        `${name} accepts ${module_}, but the base that it was built on is not known to be this one: nothing shows what its ` +
          'references bind to.',
        ...(result.reason?.code === 'origin-contradicted'
          ? ['It contradicts what is said of that base.']
          : []),
      ]
    case 'error':
      return [`The BTF of ${module_} could not be judged: ${result.basis}.${placeOf(explained)}`]
  }
}

/** Whether the kernel finds the module at all, where it is known to look elsewhere. */
function placeStory({ result, kernel }: Explained): string[] {
  const folder = folderOf(result.file)
  const { release } = kernel
  if (folder === null || release === null || folder === release) return []
  if (result.verdict === 'compatible' || result.verdict === 'no-btf') return []
  return [
    `It lies below lib/modules/${folder}, and this kernel looks below lib/modules/${release}: they meet only where it is linked or ` +
      'copied there. Which of such pairs count is for the policy of the gate to say (`kernels`, `weakUpdates`).',
  ]
}

/** What happens to the module on that kernel, in sentences. */
export function happened(explained: Explained): string[] {
  const { copies, result } = explained
  const several =
    copies > 1
      ? [
          `${number(copies)} modules of the build have this name, in several folders; this is the worst of them, ${result.file}.`,
        ]
      : []
  return [
    ...several,
    ...happenedBy(explained),
    ...basesOf(explained),
    ...loadStory(result.load),
    ...placeStory(explained),
  ]
}

/** What would change the outcome, in sentences; empty where nothing needs to. */
export function remedy(explained: Explained): string[] {
  return [...remedyOfVerdict(explained), ...remedyOfLoad(explained.result.load, explained)]
}

function remedyOfVerdict({ result, kernelBuild, moduleBuild, origin, fits, kernel }: Explained): string[] {
  switch (result.verdict) {
    case 'compatible':
      return []
    case 'changed':
    case 'misread':
    case 'rejected':
    case 'discarded':
      return [
        `Build the modules of ${moduleBuild} against the vmlinux of ${kernelBuild}, and publish both together.`,
        ...(origin !== null && origin.base.sha256 !== kernel.base.sha256
          ? [
              `Or let no machine that runs ${kernelBuild} have ${moduleBuild}: its modules are for the kernel of ${origin.build}.`,
            ]
          : []),
      ]
    case 'crashes':
      return [`Do not load this module on ${kernelBuild}; build it again without the malformed section.`]
    case 'no-btf':
      return [
        'Build the module with CONFIG_DEBUG_INFO_BTF_MODULES=y where BPF programs are to see its types.',
      ]
    case 'unknown':
      return [
        fits !== null
          ? `If they were built on it, push them under a new release with \`builtFor\`: "${fits}", or stamp the modules when they are built (\`basedrift stamp\`).`
          : origin === null
            ? `Upload the kernel that ${moduleBuild} was built on to this stream, and name it as \`builtFor\` of a build of its modules.`
            : `Build the modules of ${moduleBuild} against the vmlinux of ${kernelBuild} to be certain.`,
      ]
    case 'error':
      return [
        'Look at the problems of the artifact that holds the module, and upload a sound one under a new release.',
      ]
  }
}
