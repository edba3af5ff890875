import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/bytes/index.js'
import { codeOf } from './support/codes.js'
import { chars } from './support/writers.js'

const debian = `#
# Automatically generated file; DO NOT EDIT.
# Linux/x86 6.1.192 Kernel Configuration
#
CONFIG_CC_VERSION_TEXT="gcc-12 (Debian \\"12.2.0\\") 12.2.0"
CONFIG_PAHOLE_VERSION=124
CONFIG_MODVERSIONS=y
CONFIG_ASM_MODVERSIONS=y
# CONFIG_MODULE_FORCE_LOAD is not set
CONFIG_DEBUG_INFO_BTF_MODULES=y
# CONFIG_MODULE_ALLOW_BTF_MISMATCH is not set
# CONFIG_MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS is not set
`

describe('readConfig', () => {
  it('reads what the handling of module BTF depends on, from text and from bytes', () => {
    const expected = {
      version: '6.1.192',
      signature: null,
      config: {
        btfModules: true,
        allowBtfMismatch: false,
        modversions: true,
        forceLoad: false,
        missingNamespaces: false,
        compiler: 'gcc-12 (Debian "12.2.0") 12.2.0',
        pahole: '124',
      },
    }
    expect(readConfig(debian)).toEqual({ ...expected, text: debian })
    expect(readConfig(chars(debian))).toEqual({ ...expected, text: debian })
    expect(readConfig(chars(debian.replaceAll('\n', '\r\n')))).toMatchObject(expected)
  })

  it.each([
    ['# Linux/arm64 6.12.0-rc3 Kernel Configuration', '6.12.0'],
    ['# Linux/x86_64 5.14.0-427.el9.x86_64 Kernel Configuration', '5.14.0'],
    ['# Linux/x86 6.6 Kernel Configuration', '6.6.0'],
    ['# Linux/x86 Kernel Configuration', null],
    ['CONFIG_A="# Linux/x86 6.6.1 Kernel Configuration"', null],
  ])('takes the version from its header: %s', (line, version) => {
    expect(readConfig(`${line}\nCONFIG_B=y\n`).version).toBe(version)
  })

  const switches = (text: string) => {
    const { btfModules, allowBtfMismatch, modversions } = readConfig(text).config
    return [btfModules, allowBtfMismatch, modversions]
  }

  it('does not know an option that is not there, as in a config that was cut off or cut down', () => {
    const { config } = readConfig(
      'CONFIG_MODVERSIONS=n\nCONFIG_MODULE_ALLOW_BTF_MISMATCH_X=y\nXCONFIG_DEBUG_INFO_BTF_MODULES=y\n',
    )
    expect([config.compiler, config.pahole]).toEqual([null, null])
    expect(switches('CONFIG_MODVERSIONS=n\nCONFIG_MODULE_ALLOW_BTF_MISMATCH_X=y\n')).toEqual([
      null,
      null,
      false,
    ])
    expect(switches(debian.slice(0, debian.indexOf('CONFIG_DEBUG_INFO_BTF_MODULES')))).toEqual([
      null,
      null,
      true,
    ])
    expect(switches('CONFIG_DEBUG_INFO_BTF=y\n')).toEqual([null, null, null])
  })

  it('knows that a whole config leaves out what cannot be chosen', () => {
    const end = '# end of Compile-time checks and compiler options\n'
    expect(switches(`CONFIG_DEBUG_INFO_BTF=y\n${end}`)).toEqual([false, false, null])
    expect(switches('# CONFIG_DEBUG_INFO_BTF is not set\n')).toEqual([false, null, null])
    const header = (version: string) => `# Linux/x86 ${version} Kernel Configuration\nCONFIG_A=y\n`
    expect(switches(header('5.17.15'))).toEqual([null, false, null])
    expect(switches(header('5.18.0'))).toEqual([null, null, null])
  })

  it('reads Ubuntu’s version signature', () => {
    const { signature } = readConfig('CONFIG_VERSION_SIGNATURE="Ubuntu 5.15.0-91.101-generic 5.15.131"\n')
    expect(signature).toBe('Ubuntu 5.15.0-91.101-generic 5.15.131')
  })

  it('refuses what is no config, or too large', () => {
    expect(codeOf(() => readConfig('hello\n'))).toBe('config-malformed null')
    expect(codeOf(() => readConfig(new Uint8Array(0)))).toBe('config-malformed null')
    expect(codeOf(() => readConfig(new Uint8Array((8 << 20) + 1)))).toBe('limit-exceeded null')
  })
})
