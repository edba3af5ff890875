import { type GateVerdict, verdicts } from '@basedrift/contract'
import {
  type BuildRef,
  completeTerms,
  type DecideInputs,
  type Manifest,
  type Meeting,
  outcomeBits,
  type RefusedContent,
  readyPolicy,
  type WaiverTerms,
  type Witness,
} from '../../src/index.js'

export const ref = (nth: number): BuildRef => ({
  id: `00000000-0000-7000-8000-${String(nth).padStart(12, '0')}`,
  version: '5.15.12',
  release: `1.${nth}`,
})
export const base = (nth: number) => `base ${nth}`

/** A set of modules, in the order of their names. */
export function manifest(names: readonly string[], of = 'set'): Manifest {
  const modules = names.map((name, ordinal) => ({
    name,
    path: `drivers/${name}`,
    sha256: `${name} of ${of}`,
    ordinal,
  }))
  return { setId: of, modules: modules.sort((a, b) => (a.name < b.name ? -1 : 1)) }
}

/** The byte of a module that has these; at most one of them is a verdict. */
export function byteOf(...found: readonly GateVerdict[]): number {
  let byte = 0
  for (const verdict of found) {
    if (verdict === 'refused') byte |= outcomeBits.refused
    else if (verdict === 'loads-misread') byte |= outcomeBits.idsWrong
    else if (verdict === 'symbols-missing') byte |= outcomeBits.symbolsMissing
    else if (verdict === 'load-unknown') byte |= outcomeBits.loadUnknown
    else if (verdict === 'load-doubtful') byte |= outcomeBits.loadDoubtful
    else byte |= verdicts.indexOf(verdict)
  }
  return byte
}

/** The modules of build 9 on the live kernel of a build, each module with its byte. */
export function meeting(
  kernel: number,
  bytes: Readonly<Record<string, number>>,
  more: Partial<Meeting> = {},
): Meeting {
  const names = Object.keys(bytes)
  return {
    direction: 'modules-on-live',
    kernelBuild: ref(kernel),
    moduleBuild: ref(9),
    state: 'done',
    error: null,
    waitsFor: null,
    grounds: base(kernel),
    fits: null,
    counts: { compatible: names.length },
    outcomes: Uint8Array.from(names, (name) => bytes[name] ?? 0),
    missing: [],
    manifest: manifest(names),
    ...more,
  }
}

export const witness = (nth: number, more: Partial<Witness> = {}): Witness => ({
  ref: ref(nth),
  state: 'done',
  failure: null,
  hasKernel: true,
  unusable: [],
  otherReleases: [],
  misplaced: [],
  kernelRelease: '5.15.12-1-default',
  problems: [],
  remarks: [],
  empty: [],
  btfMissing: false,
  refused: 0,
  refusals: [],
  withdrawn: null,
  ...more,
})

export const refusal = (nth: number, more: Partial<RefusedContent> = {}): RefusedContent => ({
  id: ref(nth).id,
  filename: `kernel-${nth}.rpm`,
  code: 'build-differs',
  recorded: 'a'.repeat(64),
  given: 'b'.repeat(64),
  by: 'obs',
  at: '2026-01-01T12:34:56.000Z',
  acknowledgedBy: null,
  heldBy: null,
  ...more,
})

/** Inputs of a decision on build 9 while build 1 is live, by the default policy. */
export function inputs(more: Partial<DecideInputs> = {}): DecideInputs {
  return {
    build: witness(9),
    environmentKnown: true,
    live: [witness(1)],
    packages: [],
    morePackages: false,
    ownKernel: null,
    policy: readyPolicy(0, completeTerms({})),
    considered: [],
    meetings: [meeting(1, { a: 0, b: 0 })],
    waivers: [],
    moreWaivers: 0,
    ...more,
  }
}

export function waiver(more: Partial<WaiverTerms> = {}): WaiverTerms {
  return {
    id: 'waiver-1',
    state: 'active',
    baseSha256: 'base',
    grounds: base(1),
    moduleSetId: 'set',
    verdicts: ['rejected'],
    modules: null,
    reason: 'accepted',
    author: 'anna',
    expiresAt: '2026-02-01T00:00:00.000Z',
    ...more,
  }
}
