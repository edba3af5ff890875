import { findTools, type ModuleFacts } from '@basedrift/artifacts'
import {
  BaseEvidence,
  type Btf,
  BtfError,
  contradiction,
  parseVersion,
  readBtf,
  recoverOriginLength,
} from '@basedrift/btf'
import {
  type DriftKernel,
  type DriftLimits,
  type DriftReport,
  driftReport,
  type KnownFingerprints,
} from '../drift/report.js'
import { CheckError } from '../errors.js'
import { byFile } from '../manifest.js'
import type { ModuleResult } from '../pure/verdicts.js'
import { type Against, judgedIn, judgedOf, originFrom } from './check.js'
import { type InputContent, type ReadOptions, readInput } from './inputs.js'
import { type Judged, withLoads } from './loads.js'
import { listRawModules, RawModuleReader } from './raw-modules.js'
import { type KernelWithBase, mustHaveKernel, type RulesOverride, runningKernel } from './running.js'

/** Two kernels to be compared, and the modules whose fate is asked. */
export interface DiffRequest {
  /** A file or directory with one kernel each; the modules in it are those of that build. */
  readonly a: string
  readonly b: string
  /** Files and directories with modules of either build: each is taken for that on whose base it shows to be built. */
  readonly modules?: readonly string[]
  /** Files and directories with modules of one build. */
  readonly modulesOfA?: readonly string[]
  readonly modulesOfB?: readonly string[]
  /** What is said by hand of how both kernels treat module BTF. */
  readonly rules?: RulesOverride | null
  readonly limits?: DriftLimits
}

export interface DiffResult {
  readonly report: DriftReport
  /** What has to be known to read it. */
  readonly notes: readonly string[]
  /** Whether modules, or files that should hold some, could not be read. */
  readonly unread: boolean
}

/** One of the two kernels, and what was found of its modules. */
interface Build {
  readonly input: InputContent
  readonly found: KernelWithBase
  readonly btf: Btf
}

/**
 * Compares the kernels of two inputs and checks the modules of each on the other.
 * @throws CheckError `kernel-absent`, `kernel-ambiguous`, `kernel-btf-absent`, `kernel-unreadable`, `rules-unknown` where
 * there are modules; BtfError `rules-invalid`, `btf-names`, `btf-repetition`; the signal's reason
 */
export async function diffKernels(request: DiffRequest, given: ReadOptions = {}): Promise<DiffResult> {
  const options = { ...given, configText: true, tools: given.tools ?? (await findTools()) }
  const rules = request.rules ?? {}
  if (rules.version !== undefined) parseVersion(rules.version)
  const a = await readBuild(request.a, options)
  const b = await readBuild(request.b, options)
  const notes: string[] = []
  const onB = new Direction(a, b, rules)
  const onA = new Direction(b, a, rules)
  for (const path of request.modulesOfA ?? []) await eachModule(path, options, onB)
  for (const path of request.modulesOfB ?? []) await eachModule(path, options, onA)
  const sorter = new Sorter(onB, onA)
  for (const path of request.modules ?? []) await eachModule(path, options, sorter)
  const lost = sorter.lost
  if (lost.length > 0) {
    const more = lost.length > namedModules ? ` and ${lost.length - namedModules} more` : ''
    notes.push(
      `Not told on which of the two bases it was built, so not checked: ${lost.slice(0, namedModules).join(', ')}${more}. Give such modules with --modules-a or --modules-b.`,
    )
  }
  if (sorter.unread.length > 0) {
    const more = sorter.unread.length > namedModules ? ` and ${sorter.unread.length - namedModules} more` : ''
    notes.push(`Not read: ${sorter.unread.slice(0, namedModules).join('; ')}${more}.`)
  }
  const modules = { ofAOnB: onB.finish(), ofBOnA: onA.finish() }
  const errors = [...modules.ofAOnB, ...modules.ofBOnA].some(({ verdict }) => verdict === 'error')
  return {
    report: driftReport(kernelOf(a), kernelOf(b), modules, request.limits),
    notes,
    unread: errors || sorter.unread.length > 0,
  }
}

/** Modules, or files, that a note names. */
const namedModules = 4

async function readBuild(path: string, options: ReadOptions): Promise<Build> {
  const input = await readInput(path, null, true, options)
  const found = mustHaveKernel(input)
  try {
    return { input, found, btf: readBtf(found.base.bytes) }
  } catch (error) {
    if (!(error instanceof BtfError)) throw error
    throw new CheckError(
      'kernel-unreadable',
      `Its base BTF: ${error.code}: ${error.message}`,
      found.kernel.file,
    )
  }
}

function kernelOf({ found, btf }: Build): DriftKernel<KnownFingerprints> {
  const { file, release, version, config, configText } = found.kernel
  const { bytes, sha256 } = found.base
  const fingerprints = { bytes: sha256 }
  return { file, release, version, config, configText: configText ?? null, bytes, btf, fingerprints }
}

/** What takes modules as they are read. */
interface ModuleSink {
  module(facts: ModuleFacts): void
  /** An input with everything that is in it. */
  input(input: InputContent): void
}

async function eachModule(path: string, options: ReadOptions, sink: ModuleSink): Promise<void> {
  const raw = listRawModules(path)
  if (raw === null) return sink.input(await readInput(path, 'module', true, options))
  const reader = new RawModuleReader()
  for (const module of raw) {
    const facts = reader.read(module)
    if (facts !== null) sink.module(facts)
    else sink.input(await readInput(module.file, 'module', true, options))
    options.signal?.throwIfAborted()
  }
}

/** The modules of one build on the kernel of the other. */
class Direction implements ModuleSink {
  readonly from: Build
  private readonly to: Build
  private readonly rules: RulesOverride
  private readonly judged: Judged[] = []
  private made: Against | null = null
  private seen: BaseEvidence | null = null

  constructor(from: Build, to: Build, rules: RulesOverride) {
    this.from = from
    this.to = to
    this.rules = rules
  }

  /** What tells whether a module was built on this direction's own base. */
  get evidence(): BaseEvidence {
    this.seen ??= new BaseEvidence(this.from.btf)
    return this.seen
  }

  module(facts: ModuleFacts): void {
    const against = this.against()
    this.judged.push(judgedOf(facts, against, against.origin))
  }

  input(input: InputContent): void {
    this.judged.push(...judgedIn(input, this.against()))
  }

  /** The rows, sorted; those of the build's own input among them. */
  finish(): readonly ModuleResult[] {
    if (this.from.input.modules.length > 0) this.input(this.from.input)
    if (this.judged.length === 0) return []
    return withLoads(this.judged, this.against().running, this.to.input).sort(byFile)
  }

  /** Made when the first module comes: what a kernel does with none need not be known. */
  private against(): Against {
    if (this.made === null) {
      const running = runningKernel(this.to.found, this.rules)
      this.made = { running, origin: originFrom(this.from.found.base, running), maxFindings: 0 }
    }
    return this.made
  }
}

/** Gives each module to the direction of the build whose base it shows to be built on. */
class Sorter implements ModuleSink {
  /** Files of modules that show neither, or both. */
  readonly lost: string[] = []
  /** Files that could not be read, and why. */
  readonly unread: string[] = []
  private readonly directions: readonly Direction[]

  constructor(...directions: Direction[]) {
    this.directions = directions
  }

  module(facts: ModuleFacts): void {
    const { btf, distilled } = facts
    const origin = btf === null || distilled !== null ? null : recoverOriginLength(btf)
    const possible = this.directions.filter(
      ({ from, evidence }) =>
        btf !== null &&
        distilled === null &&
        (origin === null || origin === from.btf.stringsLength) &&
        agrees(btf, evidence),
    )
    const [first, second] = possible
    // On equal bases it does not matter.
    const sameBase = first?.from.found.base.sha256 === second?.from.found.base.sha256
    if (first !== undefined && (second === undefined || sameBase)) first.module(facts)
    else this.lost.push(facts.file)
  }

  input(input: InputContent): void {
    for (const facts of input.modules) this.module(facts)
    const read = new Set([...input.modules.map(({ file }) => file), ...input.kernelFiles])
    const told = new Set<string>()
    for (const { file, code } of input.problems) {
      if (read.has(file) || told.has(file)) continue
      told.add(file)
      this.unread.push(`${file} (${code})`)
    }
  }
}

/** Whether nothing in a split BTF shows that it was not built on this base. */
function agrees(btf: Uint8Array, evidence: BaseEvidence): boolean {
  try {
    return contradiction(readBtf(btf, evidence.base), evidence) === null
  } catch (error) {
    if (error instanceof BtfError) return false
    throw error
  }
}
