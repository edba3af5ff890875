import { type CheckResult, type ModuleResult, summary } from '@basedrift/check'

const load: ModuleResult['load'] = { vermagic: 'unknown', modversions: { state: 'unknown', mismatched: [] } }

/** A module that the kernel discards for an invalid name. */
export function discarded(name: string, typeId = 95250): ModuleResult {
  return {
    name,
    file: `linux-image.deb!lib/modules/6.1.0/kernel/${name}.ko`,
    sha256: 'ab'.repeat(32),
    verdict: 'discarded',
    basis: 'kernel-check',
    errno: 22,
    log: [
      `BPF: [${typeId}] STRUCT`,
      'BPF: size=152 vlen=2',
      'BPF: Invalid name',
      `failed to validate module [${name}] BTF: -22`,
    ],
    reason: {
      code: 'invalid-name',
      typeId,
      path: 'struct (anon)',
      expected: 'an identifier',
      actual: 'gpio 4',
    },
    load,
    overall: 'unknown',
  }
}

/** A module with any verdict that needs no log. */
export function result(name: string, verdict: ModuleResult['verdict'], basis: string): ModuleResult {
  return {
    name,
    file: `${name}.ko`,
    sha256: 'cd'.repeat(32),
    verdict,
    basis,
    errno: 0,
    log: [],
    load,
    overall: 'unknown',
  }
}

/** Enough modules, of enough kinds, to be grouped. */
export function manyResults(): ModuleResult[] {
  return [
    ...Array.from({ length: 1500 }, (_, index) => discarded(`driver_${index}`)),
    ...Array.from({ length: 20 }, (_, index): ModuleResult => {
      const code = `made-up-reason-${String(index % 10).padStart(2, '0')}`
      return { ...discarded(`odd_${index}`), reason: { code }, log: [] }
    }),
    ...Array.from({ length: 523 }, (_, index) => result(`reader_${index}`, 'misread', 'origin-length')),
    result('\u001b[31mevil\u001b[0m', 'unknown', 'no-origin'),
    result('cut', 'error', 'elf-truncated'),
    result('asm_only', 'no-btf', 'absent'),
  ]
}

/** A check of modules against one kernel. */
export function checked(modules: readonly ModuleResult[], more: Partial<CheckResult> = {}): CheckResult {
  return {
    engine: '0.1.0',
    kernel: {
      file: 'linux-image-6.1.0-55-cloud-amd64.deb!boot/vmlinuz',
      release: '6.1.0-55-cloud-amd64',
      rules: { version: '6.1.192', allowBtfMismatch: true },
      base: { sha256: 'ef'.repeat(32), types: 95246, strings: 1694074 },
    },
    modules,
    summary: summary(modules),
    ...more,
  }
}
