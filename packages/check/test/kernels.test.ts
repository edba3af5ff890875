import {
  type ConfigFacts,
  type KernelConfig,
  type KernelFacts,
  type ModuleFacts,
  noLinkFacts,
} from '@basedrift/artifacts'
import { describe, expect, test } from 'vitest'
import { claimOf, contradictions, moduleReleases } from '../src/claims.js'
import { onlyKernel, sha256Of } from '../src/index.js'

const config: KernelConfig = {
  btfModules: true,
  allowBtfMismatch: true,
  modversions: null,
  forceLoad: null,
  missingNamespaces: null,
  compiler: null,
  pahole: null,
}
const base = Uint8Array.of(0x9f, 0xeb, 1, 0)
const kernel = (part: Partial<KernelFacts>): KernelFacts => ({
  type: 'kernel',
  kind: 'vmlinux',
  file: 'vmlinux',
  sha256: '0'.repeat(64),
  size: 4,
  release: null,
  version: null,
  banner: null,
  config: null,
  buildId: null,
  machine: null,
  elfMachine: null,
  btf: base,
  vermagic: null,
  exports: null,
  ...part,
})
const configFile = (release: string | null): ConfigFacts => ({
  type: 'config',
  file: 'config',
  release,
  version: '6.1.192',
  config,
})
const ambiguous = expect.objectContaining({ code: 'kernel-ambiguous' })

describe('the one kernel of an input', () => {
  test('may be there in several forms, each with what it tells', () => {
    const forms = [
      kernel({ file: 'vmlinuz', release: '6.1.0-56', machine: 'little-64' }),
      kernel({ file: 'vmlinux', buildId: 'ab', release: '6.1.0-56' }),
      kernel({ file: 'empty', btf: null, release: 'other' }),
    ]
    const found = onlyKernel(forms, [])
    expect(found?.base).toEqual({ bytes: base, sha256: sha256Of(base) })
    expect(found?.kernel).toMatchObject({
      file: 'vmlinuz',
      release: '6.1.0-56',
      buildId: 'ab',
      machine: 'little-64',
    })
    expect(found?.kernel).not.toHaveProperty('btf')
  })

  test('boots with BTF, or it is told which image does not', () => {
    const bare = (part: Partial<KernelFacts>) => kernel({ btf: null, ...part })
    const vmlinux = kernel({ banner: 'Linux version 6.1', release: '6.1.0-56' })
    const told = (...forms: KernelFacts[]) => onlyKernel([...forms, vmlinux], [])?.withoutBtf?.file
    for (const kind of ['bzimage', 'image', 'efi-zboot'] as const) {
      expect(told(bare({ kind, file: 'vmlinuz' })), kind).toBe('vmlinuz')
      expect(told(bare({ kind, file: 'vmlinuz', release: '6.1.0-56' })), kind).toBe('vmlinuz')
      expect(told(bare({ kind, release: '6.1.0-55' })), 'another kernel').toBeUndefined()
      // A vmlinux beside what boots is not what boots.
      expect(told(kernel({ kind }), bare({ banner: 'Linux version 6.1' })), kind).toBeUndefined()
    }
    expect(told(bare({ file: 'boot/vmlinux', banner: 'Linux version 6.1' }))).toBe('boot/vmlinux')
    for (const file of ['usr/lib/debug/boot/vmlinux', 'p.deb!usr/lib/debug/vmlinux', 'boot/vmlinux.debug'])
      expect(told(bare({ file, banner: 'Linux version 6.1' })), file).toBeUndefined()
    expect(told(bare({ file: 'compressed/vmlinux' })), 'no kernel by itself').toBeUndefined()
    expect(told(), 'all that there is').toBeUndefined()
  })

  test('is not one where bases or releases differ', () => {
    const other = kernel({ file: 'other', btf: Uint8Array.of(1) })
    expect(() => onlyKernel([kernel({}), other], [])).toThrow(ambiguous)
    expect(() => onlyKernel([kernel({ release: 'a' }), kernel({ release: 'b' })], [])).toThrow(ambiguous)
  })

  test('may be without BTF, or not be there', () => {
    expect(onlyKernel([kernel({ btf: null })], [])).toMatchObject({ base: null, kernel: { file: 'vmlinux' } })
    expect(onlyKernel([], [configFile(null)])).toBeNull()
  })

  test('takes the config of its release, or the only one, from another input', () => {
    const named = kernel({ release: '6.1.0-56' })
    expect(onlyKernel([named], [configFile('5'), configFile('6.1.0-56')])?.kernel).toMatchObject({
      version: '6.1.192',
      config,
    })
    expect(onlyKernel([named], [configFile('5')])?.kernel).toMatchObject({ version: null, config: null })
    const bannered = kernel({ release: '6.1.0-56', version: '6.1.0' })
    expect(onlyKernel([bannered], [configFile('6.1.0-56')])?.kernel.version).toBe('6.1.192')
    expect(onlyKernel([{ ...bannered, config }], [configFile('6.1.0-56')])?.kernel.version).toBe('6.1.0')
    expect(onlyKernel([kernel({})], [configFile('5')])?.kernel).toMatchObject({ release: '5', config })
    expect(onlyKernel([kernel({})], [configFile('5'), configFile('6')])?.kernel.config).toBeNull()
  })

  test('takes no config where those of its release contradict each other, and no version where series do', () => {
    const named = kernel({ release: '6.1.0-56', version: '6.1.0' })
    const without = { ...configFile('6.1.0-56'), config: { ...config, btfModules: !config.btfModules } }
    expect(onlyKernel([named], [configFile('6.1.0-56'), without])?.kernel).toMatchObject({
      version: '6.1.0',
      config: null,
    })
    const older = { ...configFile('6.1.0-56'), version: '5.10.0' }
    expect(onlyKernel([named], [older])?.kernel.version).toBeNull()
  })
})

describe('what the inputs of a build contradict each other in', () => {
  const module = (file: string, release: string): ModuleFacts => ({
    type: 'module',
    name: file,
    file,
    sha256: '0'.repeat(64),
    size: 1,
    vermagic: `${release} SMP mod_unload `,
    srcversion: null,
    buildId: null,
    btf: null,
    distilled: null,
    stamp: null,
    ...noLinkFacts,
  })
  /** Each in an input of its own. */
  const joined = (...inputs: (KernelFacts | ConfigFacts | ModuleFacts)[]) => {
    const claims = inputs.flatMap((facts, input) => claimOf(facts, input) ?? [])
    const kernels = inputs.filter((facts) => facts.type === 'kernel')
    const configs = inputs.filter((facts) => facts.type === 'config')
    const kernel = onlyKernel(kernels, configs, moduleReleases(claims))!.kernel
    return { kernel, told: contradictions(kernel, claims).map(({ input, file, at }) => [input, file, at]) }
  }
  const named = kernel({ release: '6.1.0-56' })

  test('is told of the second of two configs that contradict each other', () => {
    const without = { ...configFile('6.1.0-56'), config: { ...config, btfModules: !config.btfModules } }
    expect(joined(named, configFile('6.1.0-56'), without).told).toEqual([[2, 'config', null]])
    expect(joined(named, configFile('6.1.0-56'), configFile('6.1.0-56')).told).toEqual([])
  })

  test('is told of the input that differs from the kernel', () => {
    expect(joined(configFile('6.1.0-56'), module('a.ko', '6.1.0-56'), named).told).toEqual([])
    const { told } = joined(
      named,
      configFile('6.1.0-55'),
      module('a.ko', '6.1.0-54'),
      module('b.ko', '6.1.0-56'),
    )
    expect(told).toEqual([
      [1, 'config', 'config'],
      [2, 'a.ko', 'vermagic'],
    ])
    const bannered = joined(kernel({ release: '6.1.0-56', version: '6.1.0' }), configFile('6.1.0-56'))
    expect(bannered).toMatchObject({ kernel: { version: '6.1.192' }, told: [[0, 'vmlinux', 'kernel']] })
  })

  test('is not told again where the module’s own path names the kernel’s release', () => {
    expect(joined(named, module('lib/modules/6.1.0-56/a.ko', '6.1.0-55')).told).toEqual([])
    expect(joined(named, module('lib/modules/6.1.0-55/a.ko', '6.1.0-55')).told).toHaveLength(1)
  })

  test('is told of a config that has set something else than the kernel’s own', () => {
    const own = kernel({ release: '6.1.0-56', version: '6.1.192', config })
    expect(joined(own, configFile('6.1.0-56')).told).toEqual([])
    const other = { ...configFile('6.1.0-56'), config: { ...config, pahole: '999' } }
    expect(joined(own, other).told).toEqual([[1, 'config', 'CONFIG_PAHOLE_VERSION']])
    expect(joined(own, { ...other, release: null }).told).toEqual([[1, 'config', 'CONFIG_PAHOLE_VERSION']])
    expect(joined(own, { ...other, release: '5' }).told).toEqual([[1, 'config', 'config']])
    // A kernel without one of its own takes it.
    expect(joined(kernel({ release: '6.1.0-56' }), other).told).toEqual([])
  })

  test('keeps the config of another kernel from being taken', () => {
    const { kernel: alone, told } = joined(kernel({}), configFile('6.1.0-55'), module('a.ko', '6.1.0-56'))
    expect(alone).toMatchObject({ config: null, release: null })
    expect(told).toEqual([[1, 'config', 'config']])
    const versioned = joined(kernel({ release: '6.1.0-56', version: '6.1.100' }), configFile(null))
    expect(versioned).toMatchObject({ kernel: { config: null, version: '6.1.100' } })
    expect(versioned.told).toEqual([[1, 'config', 'config']])
  })
})
