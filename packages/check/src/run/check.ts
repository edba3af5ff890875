import type { ArtifactErrorCode, Interest, ModuleFacts, Problem, SymversFacts } from '@basedrift/artifacts'
import { findTools, interestOf, moduleNameFromPath } from '@basedrift/artifacts'
import {
  compareVersions,
  defaultFindings,
  newestKnown,
  parseVersion,
  prepareBase,
  type Rules,
} from '@basedrift/btf'
import { CheckError } from '../errors.js'
import { byFile } from '../manifest.js'
import {
  btfIdsLoad,
  ENGINE_VERSION,
  errorJudgement,
  judgeSubject,
  type ModuleResult,
  OriginBase,
  resultOf,
  type Summary,
  summary,
} from '../pure/index.js'
import { symversOf } from '../symvers.js'
import { type InputContent, type ReadOptions, readInput } from './inputs.js'
import { type Judged, linkOf, withLoads } from './loads.js'
import { listRawModules, RawModuleReader } from './raw-modules.js'
import {
  type KernelWithBase,
  mustHaveKernel,
  type RulesOverride,
  type RunningKernel,
  runningKernel,
} from './running.js'

/** What is checked: modules of any inputs against the kernel of one. */
export interface CheckRequest {
  /** A file or directory with one kernel. */
  readonly kernel: string
  /** A file or directory with the kernel that the modules were built on; it goes before the kernel of their own input. */
  readonly origin?: string | null
  /** Files and directories with modules. */
  readonly modules: readonly string[]
  /** What is said by hand of how the kernel treats module BTF. */
  readonly rules?: RulesOverride | null
  /** References, and changed types, that are listed of each module; 20 where it is left out. */
  readonly maxFindings?: number
}

/** A whole check, as it is printed; keys in the order in which they are printed. */
export interface CheckResult {
  /** `ENGINE_VERSION` */
  readonly engine: string
  readonly kernel: {
    readonly file: string
    /** `uname -r`; null where the input does not tell. */
    readonly release: string | null
    readonly rules: Rules
    /** Types without void (the last id), and the length of the strings in bytes. */
    readonly base: { readonly sha256: string; readonly types: number; readonly strings: number }
    /** What of the kernel's input was not read whole, modules and symbols in it perhaps; left out where it was. */
    readonly problems?: readonly Problem[]
  }
  /** Sorted by file. */
  readonly modules: readonly ModuleResult[]
  readonly summary: Summary
  /** What has to be known to read the verdicts; left out where there is nothing. */
  readonly notes?: readonly string[]
}

/**
 * Checks modules against a kernel. What cannot be read of the modules' inputs becomes rows of their own, with verdict
 * `error`; a kernel that cannot be read ends the check. The origin base of a module is that of `origin` or else of the
 * kernel of its release in the input that it came from.
 * @throws CheckError `kernel-absent`, `kernel-ambiguous`, `kernel-btf-absent`, `kernel-unreadable`, `rules-unknown`,
 * `modules-absent`; BtfError `rules-invalid`; the signal's reason
 */
export async function checkKernelAndModules(
  request: CheckRequest,
  given: ReadOptions = {},
): Promise<CheckResult> {
  const options = { ...given, tools: given.tools ?? (await findTools()) }
  const { modules: paths, rules } = request
  const read = given.read ?? readInput
  if (rules?.version !== undefined) parseVersion(rules.version)
  const alone = !paths.includes(request.kernel)
  // An input that is both is read once, and what it is decides what a raw BTF in it is.
  const kernelInput = await read(request.kernel, alone ? 'kernel' : null, !alone, options)
  const running = runningKernel(mustHaveKernel(kernelInput), rules ?? {})
  const origin = request.origin ?? null
  const originGiven = origin === null ? null : await originBase(origin, kernelInput, running, options)
  const against: Against = {
    running,
    origin: originGiven,
    maxFindings: request.maxFindings ?? defaultFindings,
  }
  const judged: Judged[] = []
  const empty: string[] = []
  const otherSymvers: SymversFacts[] = []
  const raw = new RawModuleReader()
  for (const path of new Set(paths)) {
    const listed = path === request.kernel ? null : listRawModules(path)
    for (const module of listed ?? []) {
      const facts = raw.read(module)
      if (facts !== null) judged.push(judgedOf(facts, against, originGiven))
      else judged.push(...judgedIn(await read(module.file, 'module', true, options), against))
    }
    options.signal?.throwIfAborted()
    if (listed !== null) continue
    const input = path === request.kernel ? kernelInput : await read(path, 'module', true, options)
    if (input !== kernelInput) otherSymvers.push(...input.symvers)
    if (isEmpty(input)) empty.push(path)
    judged.push(...judgedIn(input, against))
  }
  if (judged.length === 0) throw new CheckError('modules-absent')
  const rows = withLoads(judged, running, { ...kernelInput, otherSymvers }).sort(byFile)
  const { base } = running
  const notes = [
    ...notesOf(kernelInput, running, rows),
    ...symversNotes(kernelInput, otherSymvers),
    ...emptyNotes(empty),
  ]
  // Where modules are taken from it too, these are rows.
  const problems = paths.includes(request.kernel) ? [] : kernelInput.problems.filter(isUnread)
  return {
    engine: ENGINE_VERSION,
    kernel: {
      file: running.file,
      release: running.release,
      rules: running.rules,
      base: { sha256: running.sha256, types: base.btf!.typeCount, strings: base.btf!.stringsLength },
      ...(problems.length === 0 ? {} : { problems }),
    },
    modules: rows,
    summary: summary(rows),
    ...(notes.length === 0 ? {} : { notes }),
  }
}

async function originBase(
  path: string,
  kernel: InputContent,
  running: RunningKernel,
  options: ReadOptions,
): Promise<OriginBase> {
  const input = path === kernel.path ? kernel : await readInput(path, 'kernel', false, options)
  return originFrom(mustHaveKernel(input).base, running)
}

/** A base as the origin of modules that are checked on a running kernel. */
export function originFrom({ bytes, sha256 }: KernelWithBase['base'], running: RunningKernel): OriginBase {
  return new OriginBase(sha256, sha256 === running.sha256 ? running.base : prepareBase(bytes))
}

/** What modules are held against. */
export interface Against {
  readonly running: RunningKernel
  /** The origin base that was given for all of them. */
  readonly origin: OriginBase | null
  readonly maxFindings: number
}

/** One module with its verdict; `origin` is null where its origin base is not known. */
export function judgedOf(
  facts: ModuleFacts,
  { running, maxFindings }: Against,
  origin: OriginBase | null,
): Judged {
  const { name, file, sha256, btf, distilled, stamp, btfIds } = facts
  // A kernel built without CONFIG_DEBUG_INFO_BTF_MODULES has nothing that would look at a module's BTF.
  const sections = running.btfModules === false ? { btf: null, distilled: null } : { btf, distilled }
  const { sha256: runningSha256, rules, base } = running
  const context = { runningSha256, origin, stamp, rules, maxFindings }
  const result = judgeSubject({ name, file, sha256 }, sections, base, context)
  if (btfIds === null) return { result, link: linkOf(facts), btfIds: null }
  const looks = running.btfModules !== false
  const ids = btfIdsLoad(btfIds, result.verdict, sections, base, rules, looks)
  return { result, link: linkOf(facts), btfIds: ids }
}

/** What becomes of one input: a module each, and one for each file that could not be read as a module. */
export function judgedIn(input: InputContent, against: Against): Judged[] {
  const made = new Map<string, OriginBase>()
  const originOf = (facts: ModuleFacts): OriginBase | null => {
    if (against.origin !== null) return against.origin
    const base = input.originOf(facts)
    if (base === null) return null
    const origin = made.get(base.sha256) ?? originFrom(base, against.running)
    made.set(base.sha256, origin)
    return origin
  }
  const judged = input.modules.map((facts) => judgedOf(facts, against, originOf(facts)))
  const read = new Set([...input.modules.map(({ file }) => file), ...input.kernelFiles])
  const failed = input.problems.filter(({ file }) => !read.has(file) && !isKernelFile(file, input.path))
  return [...judged, ...failed.map((problem) => ({ result: errorRow(problem), link: null, btfIds: null }))]
}

const ofKernel: ReadonlySet<Interest | null> = new Set<Interest>(['kernel', 'config'])

/** Whether a member is read as a kernel or its config for its name: where modules are wanted, it may stay unread. */
function isKernelFile(file: string, input: string): boolean {
  return file !== input && ofKernel.has(interestOf(file))
}

function errorRow({ code, file, at, message }: Problem): ModuleResult {
  const subject = { name: moduleNameFromPath(file), file, sha256: null }
  return resultOf(subject, errorJudgement(code, at, message))
}

const unreadCodes: ReadonlySet<string> = new Set<ArtifactErrorCode>([
  'archive-malformed',
  'archive-truncated',
  'checksum-mismatch',
  'compression-corrupt',
  'compression-unsupported',
  'elf-truncated',
  'file-unreadable',
  'format-unsupported',
  'limit-exceeded',
  'nested-too-deep',
])

/** Whether a problem is that content was not read, whatever it holds. */
function isUnread({ code }: Problem): boolean {
  return unreadCodes.has(code)
}

/** Whether nothing in an input is compared, or tells anything of a kernel. */
function isEmpty({ kernel, modules, symvers, problems, kernelFiles }: InputContent): boolean {
  return (
    [modules, symvers, problems].every((list) => list.length === 0) &&
    kernel === null &&
    kernelFiles.size === 0
  )
}

function symversNotes({ kernel, symvers }: InputContent, otherSymvers: readonly SymversFacts[]): string[] {
  if (kernel === null) return []
  const { contradicting } = symversOf(kernel, { symvers, otherSymvers })
  return contradicting.slice(0, mostKernelNotes).map(({ file, message }) => `${file}: ${message}`)
}

/** Inputs that are noted by name. */
const mostEmptyNotes = 10

function emptyNotes(paths: readonly string[]): string[] {
  const more = paths.length - mostEmptyNotes
  const notes = paths
    .slice(0, mostEmptyNotes)
    .map((path) => `${path}: nothing in it is compared: it holds no module (*.ko, or with .gz, .xz or .zst).`)
  return more > 0 ? [...notes, `Nothing is compared in ${more} more.`] : notes
}

/** Problems of the kernel's files that are noted; its verdicts stand in spite of them. */
const mostKernelNotes = 10

function notesOf(
  { problems, kernelFiles }: InputContent,
  { rules, btfModules }: RunningKernel,
  rows: readonly ModuleResult[],
): string[] {
  const notes = problems
    .filter(({ file }) => kernelFiles.has(file))
    .slice(0, mostKernelNotes)
    .map(({ file, message }) => `${file}: ${message}`)
  if (compareVersions(rules.version, newestKnown) > 0) {
    notes.push(`What kernels after ${newestKnown} do is not known: the rules are those of ${newestKnown}.`)
  }
  if (btfModules === false) {
    notes.push(
      'This kernel was built without CONFIG_DEBUG_INFO_BTF_MODULES: it does not look at the BTF of modules.',
    )
  }
  if (btfModules === true && rows.every(({ verdict }) => verdict === 'no-btf')) {
    notes.push(
      'This kernel was built with CONFIG_DEBUG_INFO_BTF_MODULES=y, and none of these modules has BTF: look whether pahole was there ' +
        'where they were built, and whether packaging strips it.',
    )
  }
  if (rules.allowBtfMismatch === null && rows.some(({ verdict }) => verdict === 'rejected')) {
    notes.push(
      'CONFIG_MODULE_ALLOW_BTF_MISMATCH of this kernel is not known: a refusal counts as rejected, though with it set ' +
        'the module would load without its BTF.',
    )
  }
  return notes
}
