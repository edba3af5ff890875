import type { ConfigFacts, KernelConfig, KernelFacts } from '@basedrift/artifacts'
import { describe, expect, test } from 'vitest'
import { onlyKernel, sha256Of } from '../src/index.js'

const config: KernelConfig = {
  btfModules: true,
  allowBtfMismatch: true,
  modversions: null,
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
  btf: base,
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
})
