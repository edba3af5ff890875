import { loadDoubtful, symbolsMissing } from '@basedrift/check/pure'
import type { ModuleResult } from '@basedrift/contract'

type Load = ModuleResult['load']
type Obstacle = NonNullable<Load['obstacles']>[number]

/** A number as people read it. */
export const number = (value: number) => value.toLocaleString('en-US')

/** What comes of what the kernel compares besides BTF, in sentences. */
export function loadStory(load: Load): string[] {
  const { modversions, obstacles = [], doubts = [], missed = [], missedTotal = missed.length, btfIds } = load
  const { state, unresolved = [], unresolvedTotal = unresolved.length } = modversions
  return [
    ...(state === 'match'
      ? ['The checksums of all symbols that it imports match: modversions do not tell.']
      : []),
    ...(unresolvedTotal > 0
      ? [
          `Nothing that is recorded exports ${unresolved.slice(0, 3).join(', ')}${unresolvedTotal > 3 ? ` and ${number(unresolvedTotal - 3)} more` : ''}, ` +
            'which it imports: the kernel refuses it (Unknown symbol) unless something that is not recorded brings them.',
        ]
      : []),
    ...obstacles.map((obstacle) => `${obstacleStories[obstacle.code](obstacle)}, so the kernel refuses it.`),
    ...doubts.map((doubt) => `${doubtStories[doubt]}.`),
    ...(missed.length > 0
      ? [
          `These imports of modules of the kernel are: ${missed.map(({ module = 'unknown', symbol }) => `${module}: ${symbol}`).join(', ')}` +
            `${missedTotal > missed.length ? ` and ${number(missedTotal - missed.length)} more` : ''}.`,
        ]
      : []),
    ...idsStory(btfIds),
    ...(load.vermagic === 'differs'
      ? ['Its vermagic differs, so the kernel refuses it before it looks at BTF.']
      : []),
    ...(state === 'mismatch'
      ? [
          `The checksums of ${number(modversions.mismatchedTotal ?? modversions.mismatched.length)} imported symbols differ ` +
            `(${modversions.mismatched.slice(0, 3).join(', ')}), so the kernel refuses it.`,
        ]
      : []),
  ]
}

const byForce = 'the kernel takes that by force alone, tainted, and only with CONFIG_MODULE_FORCE_LOAD=y'

const doubtStories: Readonly<Record<NonNullable<Load['doubts']>[number], string>> = {
  'versions-absent': `It has no symbol versions (built without Module.symvers?): ${byForce}`,
  'vermagic-absent': `It has no vermagic: ${byForce}`,
  'versions-unusable': 'Its symbol versions could not be read, or there are none of what it imports',
  'export-versions-absent': `It exports symbols without versions: ${byForce}`,
  'exporters-unsure': 'What exports its imports tells no checksum of some, or several',
  'namespace-not-imported':
    'It does not import the namespace of what it uses, and nothing says whether this kernel lets that pass (CONFIG_MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS)',
  'modversions-unknown': 'Nothing says whether this kernel compares checksums (CONFIG_MODVERSIONS)',
  'overridden-exports':
    'Where depmod takes it for the module of the kernel that has its name, modules of the kernel that import from that are refused: it lacks what they import, or has it with other checksums',
}

/** What makes the kernel refuse it, each with what is said of it. */
const obstacleStories: Readonly<Record<Obstacle['code'], (of: Obstacle) => string>> = {
  'symbols-absent': () => 'It has no symbol table with names (it was stripped)',
  'this-module-absent': () => 'It has no .gnu.linkonce.this_module',
  'machine-differs': ({ expected, actual }) =>
    `It is for the ELF machine ${actual} and this kernel for ${expected}`,
  'module-struct-size': ({ expected, actual }) =>
    `Its struct module has ${actual} bytes and this kernel's ${expected}`,
  'export-flags-absent': () => 'It exports symbols without the table of their flags',
  'export-duplicate': ({ actual }) => `It exports ${actual}, which the kernel exports itself`,
  'exporter-refused': ({ actual }) => `It imports ${actual} from modules that the kernel refuses`,
  'versions-absent': () =>
    'It has no symbol versions (built without Module.symvers?), and CONFIG_MODULE_FORCE_LOAD is not set',
  'gpl-only-import': ({ expected, actual }) => `This kernel has ${expected}, and the module has ${actual}`,
  'namespace-not-imported': ({ expected }) => `This kernel has ${expected}, which the module does not import`,
  'vermagic-absent': () => 'It has no vermagic, and CONFIG_MODULE_FORCE_LOAD is not set',
}

function idsStory(ids: Load['btfIds']): string[] {
  if (ids === undefined) return []
  const [first] = ids.wrong ?? []
  const example =
    first === undefined ? '' : ` (${first.set ?? first.expected}: ${first.id} is ${first.actual})`
  switch (ids.state) {
    case 'match':
      return []
    case 'wrong':
      return [`Type ids in its code stand for other types here, and the kernel does not notice${example}.`]
    case 'fails':
      return [
        `The kernel refuses to register the functions that it offers to BPF programs, with errno ${ids.errno}${example}, and its init fails.`,
      ]
    case 'missing':
      return ['The functions that it offers to BPF programs are not there, as the kernel has no BTF of it.']
    case 'unknown':
      return ['What the type ids in its code stand for here could not be told.']
  }
}

/** What would change that, in sentences; the builds by `version-release`. */
export function remedyOfLoad(
  load: Load,
  { kernelBuild, moduleBuild }: { kernelBuild: string; moduleBuild: string },
): string[] {
  const doubtful = loadDoubtful(load)
    ? [
        load.doubts?.includes('overridden-exports')
          ? 'Let it export what modules of the kernel import, with the same checksums, or bring along these modules, built with it. Where no machine loads them, a waiver or ' +
            'a rule of the policy can say so (load-doubtful).'
          : `Build the modules of ${moduleBuild} with the Module.symvers of ${kernelBuild}. Where they are meant to load by force, a waiver or a rule ` +
            'of the policy can say so (load-doubtful).',
      ]
    : []
  if (!symbolsMissing(load)) return doubtful
  return [
    ...doubtful,
    `Upload the packages that export what it imports: with the kernel of ${kernelBuild}, or with the modules of ${moduleBuild}, before ` +
      'they are sealed. Where machines have them from elsewhere, a waiver or a rule of the policy can say so (symbols-missing).',
  ]
}
