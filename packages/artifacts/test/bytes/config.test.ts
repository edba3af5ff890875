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
CONFIG_DEBUG_INFO_BTF_MODULES=y
# CONFIG_MODULE_ALLOW_BTF_MISMATCH is not set
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

  it('reads an option that is not there, is no, or only begins alike as false', () => {
    const { config } = readConfig(
      'CONFIG_MODVERSIONS=n\nCONFIG_MODULE_ALLOW_BTF_MISMATCH_X=y\nXCONFIG_DEBUG_INFO_BTF_MODULES=y\n',
    )
    expect([config.modversions, config.allowBtfMismatch, config.btfModules]).toEqual([false, false, false])
    expect([config.compiler, config.pahole]).toEqual([null, null])
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
