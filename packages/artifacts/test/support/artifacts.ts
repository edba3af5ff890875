import { type ArtifactFacts, type Input, type ScanOptions, scan } from '../../src/index.js'
import { chars, join, writeBtf, writeElf } from '../bytes/support/writers.js'
import { streamOf } from './bytes.js'

export const release = '6.1.0-56-test'

/** A small module with BTF; `size` bytes of text make it as large as is wanted. */
export function writeModule(
  name: string,
  options: { vermagic?: string; text?: Uint8Array } = {},
): Uint8Array {
  const { vermagic = release, text = new Uint8Array(0) } = options
  return writeElf({
    sections: [
      { name: '.modinfo', data: chars(`name=${name}\0vermagic=${vermagic} SMP mod_unload \0`) },
      { name: '.text', data: text },
      { name: '.BTF', data: writeBtf(name.length) },
    ],
  })
}

/** A small vmlinux with BTF and banner. */
export function writeVmlinux(banner: string): Uint8Array {
  const sections = [
    { name: '.rodata', data: join(banner, '\n\0') },
    { name: '.BTF', data: writeBtf(7) },
  ]
  return writeElf({ type: 2, sections })
}

export const config = `#
# Automatically generated file; DO NOT EDIT.
# Linux/x86 6.1.192 Kernel Configuration
#
CONFIG_MODVERSIONS=y
CONFIG_DEBUG_INFO_BTF_MODULES=y
CONFIG_MODULE_ALLOW_BTF_MISMATCH=y
`

/** All facts of an input. */
export async function factsOf(input: Input, options: ScanOptions = {}): Promise<ArtifactFacts[]> {
  const all: ArtifactFacts[] = []
  for await (const facts of scan(input, options)) all.push(facts)
  return all
}

/** All facts of bytes given as a stream. */
export function scanBytes(
  bytes: Uint8Array,
  name = 'in',
  options: ScanOptions = {},
): Promise<ArtifactFacts[]> {
  return factsOf({ name, stream: streamOf(bytes) }, options)
}

/** One line for each of the facts: `module FILE`, `problem CODE FILE`, …. */
export function lines(all: readonly ArtifactFacts[]): string[] {
  return all.map((facts) =>
    facts.type === 'problem' ? `problem ${facts.code} ${facts.file}` : `${facts.type} ${facts.file}`,
  )
}
