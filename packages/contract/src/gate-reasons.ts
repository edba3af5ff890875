import type { GateDirection, GateOutcome } from './words.js'

/** What a reason leads to, what it says, and what would change it. */
export interface GateReasonMeaning {
  readonly outcome: Exclude<GateOutcome, 'pass'>
  readonly sentence: string
  readonly remedy: string
}

/** Every code of a reason for which a gate does not pass a build. */
export const gateReasonCodes = {
  verdict: {
    outcome: 'fail',
    sentence: 'Modules have a verdict that blocks.',
    remedy:
      'Build the modules and the kernel that meet them together, hold the build back until those machines have moved on, or waive it.',
  },
  load: {
    outcome: 'fail',
    sentence:
      'Kernels refuse modules, or misread the type ids in their code, for what they compare besides BTF.',
    remedy: 'Build the modules against that kernel; the explanation of each module says what differs.',
  },
  'verdict-unknown': {
    outcome: 'unknown',
    sentence: 'Nothing shows what modules bind to: the base that they were built on is not known.',
    remedy:
      'Upload the kernel that they were built on, name it as `builtFor` of their build, or stamp the modules when they are built. Where `builtFor` names one, that is not there, or they contradict it: their build says so (`origin-contradicted`).',
  },
  'symbols-missing': {
    outcome: 'unknown',
    sentence:
      'Modules import symbols that nothing known exports: kernels refuse them (`Unknown symbol`) unless something else brings these.',
    remedy:
      'Upload the packages that export them, with the kernel before it is sealed, or with the modules; where machines have them from elsewhere, say so by a rule (PASS) or a waiver of `symbols-missing`, or leave it out of what blocks.',
  },
  'load-doubtful': {
    outcome: 'unknown',
    sentence:
      'Modules lack symbol versions, vermagic or the import of a namespace: a kernel takes them only where its config lets that pass, and by force (CONFIG_MODULE_FORCE_LOAD) compares nothing. Or they take the place of modules of the kernel (`updates/`) without exports that others of it import, or with other CRCs.',
    remedy:
      'Build them with the Module.symvers of that kernel, upload its config, bring along the modules that import from what they replace; the explanation of each module says what it lacks. Where that is meant, say so by a rule (PASS) or a waiver of `load-doubtful`, or leave it out of what blocks.',
  },
  'load-unknown': {
    outcome: 'unknown',
    sentence: 'Not all that kernels compare besides BTF is known of modules, and the policy lets that block.',
    remedy:
      'Upload the kernel with its symbol versions (Module.symvers, or its modules); the explanation of each module says what is missing.',
  },
  'verdict-error': {
    outcome: 'unknown',
    sentence: 'Modules could not be read.',
    remedy: 'Look at the problems of the artifact, and upload a sound one under a new release.',
  },
  'comparison-pending': {
    outcome: 'unknown',
    sentence: 'Two builds have yet to be compared, or compared again.',
    remedy: 'Wait for it: ask with `wait`.',
  },
  'comparison-failed': {
    outcome: 'unknown',
    sentence: 'Two builds could not be compared.',
    remedy:
      'The pair’s own error says why; most often the version of the kernel is not known: upload its config with it.',
  },
  'build-withdrawn': {
    outcome: 'unknown',
    sentence:
      'The build was withdrawn: it was pushed by mistake, as somebody says, and takes part in nothing.',
    remedy: 'Push the right content under the same name, which is free again, and ask about that build.',
  },
  'build-unsealed': {
    outcome: 'unknown',
    sentence: 'The build is not sealed: more of it may come.',
    remedy: 'Upload the rest of it, then seal it: `basedrift build seal`.',
  },
  'build-pending': {
    outcome: 'unknown',
    sentence: 'The build has not been read yet.',
    remedy: 'Wait for it: ask with `wait`.',
  },
  'build-failed': {
    outcome: 'unknown',
    sentence: 'Nothing of the build could be used.',
    remedy: 'Its own failure says why; upload sound packages under a new release.',
  },
  'artifact-unusable': {
    outcome: 'unknown',
    sentence: 'Something of the build’s artifacts could not be used.',
    remedy: 'Look at the problems of the build, and upload sound packages under a new release.',
  },
  'version-contradicts': {
    outcome: 'unknown',
    sentence:
      'Kernel and modules of the build, or modules and the folders that they lie in, name different releases (`uname -r`): a kernel finds what was built for another, or not what was built for it.',
    remedy:
      'Upload a kernel with the modules of its own release alone under a new release, and each module below the release that it was built for; modules for another kernel are a build of their own, with `builtFor`.',
  },
  'content-refused': {
    outcome: 'unknown',
    sentence:
      'Other content came under the name of a build and was refused: what is published may not be what was looked at.',
    remedy:
      'Find out which of the two is published. Where it is what is recorded, say so, and why: `basedrift build acknowledge`; where it is the other, withdraw the build and push that.',
  },
  'content-late': {
    outcome: 'unknown',
    sentence:
      'A package came after its build was sealed, and is in no build of modules for the same kernel: nobody has looked at it there.',
    remedy:
      'Where it holds modules, push it as a build of its own whose `builtFor` names that kernel: then it is looked at. Where it holds none, or was never published, say so, and why: `basedrift build acknowledge`.',
  },
  'build-contradicted': {
    outcome: 'unknown',
    sentence: 'The files of the build contradict what is said of it.',
    remedy:
      'Its own problems say what contradicts what; build the modules against the kernel that they are for.',
  },
  'artifact-contradicts': {
    outcome: 'unknown',
    sentence: 'An artifact of the build contradicts what else is in it.',
    remedy:
      'Find out which of the two is true. A sealed build stays as it is: withdraw it (`basedrift build withdraw`), and push it under the same name, which is free then, with the artifact that is its own, or without it.',
  },
  'modules-unread': {
    outcome: 'unknown',
    sentence: 'Files below lib/modules are named as modules, in a form that nobody looks at.',
    remedy:
      'Name modules *.ko, or .ko with .gz, .xz or .zst, and leave out what is none: withdraw the build (`basedrift build withdraw`), and push it under the same name, or a new release.',
  },
  'btf-missing': {
    outcome: 'unknown',
    sentence:
      'The config of the kernel has BTF made for its modules (CONFIG_DEBUG_INFO_BTF_MODULES=y), and none of the modules of this build has any.',
    remedy:
      'Look whether pahole and the vmlinux were there where it was built (`Skipping BTF generation` in the log), and whether packaging strips `.BTF`; build it again under a new release. Where it is meant to be so, the policy can let that pass: `modulesWithoutBtf` (`basedrift policy set --modules-without-btf pass`).',
  },
  'environment-empty': {
    outcome: 'unknown',
    sentence: 'Nothing of this stream is live in the environment.',
    remedy:
      'Say what machines run: `basedrift live enter`. Where nothing does yet, the policy can let that pass: `emptyEnvironment` (`basedrift policy set --empty-environment pass`).',
  },
  'live-pending': {
    outcome: 'unknown',
    sentence: 'A live build has not been read yet.',
    remedy: 'Seal it where it is not sealed, and wait for it: ask with `wait`.',
  },
  'live-failed': {
    outcome: 'unknown',
    sentence: 'Nothing of a live build could be used, so what machines run is not known.',
    remedy: 'Upload its packages under a new release, let that enter, and let the failed one leave.',
  },
  'live-unusable': {
    outcome: 'unknown',
    sentence: 'Something of a live build could not be used, so not all that machines have is known.',
    remedy:
      'Upload its packages under a new release and let that enter; let this one leave once no machine has it.',
  },
  'live-without-kernel': {
    outcome: 'unknown',
    sentence: 'No kernel is known of what is live.',
    remedy: 'Let the builds of the kernels that machines run enter: `basedrift live enter`.',
  },
  'environment-unknown': {
    outcome: 'unknown',
    sentence: 'Nothing has ever been live in an environment of this name.',
    remedy:
      'Look at how its name is written; where it is new, say what its machines run: `basedrift live enter`.',
  },
  'package-pending': {
    outcome: 'unknown',
    sentence: 'A package of modules for a kernel concerned has not been read yet.',
    remedy:
      'Seal it where it is not sealed, and wait for it: ask with `wait`. One that nobody will have enters the environment and leaves.',
  },
  'package-failed': {
    outcome: 'unknown',
    sentence: 'Nothing could be used of a package of modules for a kernel concerned.',
    remedy:
      'Upload it under a new release; the failed one enters the environment and leaves, which says that nobody has it.',
  },
  'package-unusable': {
    outcome: 'unknown',
    sentence: 'Something could not be used of a package of modules for a kernel concerned.',
    remedy:
      'Upload it under a new release; the unusable one enters the environment and leaves, which says that nobody has it.',
  },
  'too-many-packages': {
    outcome: 'unknown',
    sentence: 'There are more packages of modules for the kernels concerned than a gate looks at (512).',
    remedy: 'Let kernels and packages that nobody has any more leave the environment.',
  },
  'own-kernel-pending': {
    outcome: 'unknown',
    sentence: 'The kernel that the modules were built for has not been read yet.',
    remedy: 'Seal it where it is not sealed, and wait for it: ask with `wait`.',
  },
  'own-kernel-missing': {
    outcome: 'unknown',
    sentence: 'The kernel that the modules were built for is not there.',
    remedy: 'Upload that kernel under the version and release that `builtFor` names, in the same stream.',
  },
  'own-kernel-withdrawn': {
    outcome: 'unknown',
    sentence:
      'The build that had the name in `builtFor` when the modules were declared was withdrawn: the claim is of no build that got the name since.',
    remedy:
      'Find out what they were built on, and push them again under a new release with `builtFor`, which then means the build that has the name now, or stamp them when they are built.',
  },
  'nothing-compared': {
    outcome: 'unknown',
    sentence: 'There was nothing to compare: the build brings no modules, or no kernel meets them.',
    remedy:
      'Upload the modules of the kernel with it before it is sealed; or let the policy compare other releases: `kernels` (`basedrift policy set --kernels all`).',
  },
} as const satisfies Record<string, GateReasonMeaning>

/** A code of a reason for which a gate does not pass a build. */
export type GateReasonCode = keyof typeof gateReasonCodes

/** A package of modules that no machine has any more stops counting: said where a new kernel meets one. */
const packageLeaves =
  'The old package counts as long as it is live, or was built for a kernel that is, also where it never entered: once no machine has it, let it leave the environment (one that never entered enters first).'

/** What would change a reason where who meets whom says more than its code does. */
const remedyByDirection: Partial<
  Readonly<Record<GateReasonCode, Partial<Readonly<Record<GateDirection, string>>>>>
> = {
  verdict: {
    'kernel-with-modules': `Build those modules for the new kernel too, and push them with \`builtFor\` set to it. ${packageLeaves} Or waive it.`,
    self: 'Build the modules and their kernel together, under a new release, or waive it.',
  },
  load: {
    'kernel-with-modules': `Build those modules for the new kernel too, and push them with \`builtFor\` set to it; the explanation of each module says what differs. ${packageLeaves}`,
  },
}

/** Of a code that this version does not know, as a later one recorded it: whatever it means, it is no pass. */
const laterReason: GateReasonMeaning = {
  outcome: 'unknown',
  sentence: 'A later version recorded this reason, and this one does not know what it means.',
  remedy: 'Look at it with the version that recorded it, or a later one: that says what would change it.',
}

/** What a code means, also one that this version does not know: those of later versions are recorded after a downgrade. */
export function meaningOfReason(code: string): GateReasonMeaning {
  return Object.hasOwn(gateReasonCodes, code) ? gateReasonCodes[code as GateReasonCode] : laterReason
}

/** What would change a reason: in the words of its code, or of who meets whom where these say more. */
export function remedyOf(code: string, direction: GateDirection | null): string {
  const own = direction === null ? undefined : remedyByDirection[code as GateReasonCode]?.[direction]
  return own ?? meaningOfReason(code).remedy
}

/**
 * Reasons that no waiting removes: what could not be read stays so, what sealed packages do not export, or have no versions of, too, an environment that nothing
 * entered is most often misspelt, a person has to look at content that was refused, what sealed artifacts contradict they always will, and
 * what was withdrawn stays so.
 */
const lastingReasons: readonly string[] = [
  'build-failed',
  'artifact-unusable',
  'build-withdrawn',
  'own-kernel-withdrawn',
  'content-refused',
  'artifact-contradicts',
  'modules-unread',
  'symbols-missing',
  'load-doubtful',
  'btf-missing',
  'environment-unknown',
] satisfies GateReasonCode[]

/** Whether another answer can come of waiting: it is `unknown`, for nothing that lasts. */
export function mayBecomeKnown(answer: GateOutcome, reasons: readonly { readonly code: string }[]): boolean {
  return answer === 'unknown' && !reasons.some(({ code }) => lastingReasons.includes(code))
}
