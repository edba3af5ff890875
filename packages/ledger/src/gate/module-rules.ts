import { gateLimits } from '@basedrift/contract'
import { LedgerError } from '../errors.js'
import { globGrammars, globTest } from '../globs.js'

/** One line of a policy's rules. */
export interface ModuleRule {
  /** From 1. */
  readonly line: number
  readonly pattern: string
  readonly verdict: 'PASS' | 'FAIL'
  /** `name` as the kernel has it, `path` as `modulePath` makes it. */
  fits(module: { readonly name: string; readonly path: string }): boolean
}

/**
 * Reads rules as suse-kabi-tools reads kabi/severities: each line a pattern and PASS or FAIL with blanks between, `#` starts a
 * comment, the first rule that fits counts, not the one that fits best. A pattern with a `/` is of a module's path in the kernel
 * tree, as there; one without is of a module's name, where that file has symbols, namespaces and `vmlinux`. Kernels and Kbuild
 * have `_` where files may have `-`: here they are the same.
 * @throws LedgerError `policy-invalid`, with the line
 */
export function parseModuleRules(text: string): ModuleRule[] {
  const rules: ModuleRule[] = []
  for (const [index, given] of text.split(/\r?\n/).entries()) {
    const words = given
      .replace(/#.*$/s, '')
      .split(/[ \t\f\v\r]+/)
      .filter((word) => word !== '')
    const [pattern, verdict, more] = words
    if (pattern === undefined) continue
    const refuse = (why: string) =>
      new LedgerError('policy-invalid', `Line ${index + 1} of the rules, "${given.slice(0, 120)}": ${why}.`)
    if (verdict === undefined) throw refuse('it says neither PASS nor FAIL')
    if (verdict !== 'PASS' && verdict !== 'FAIL')
      throw refuse(`"${verdict.slice(0, 40)}" is neither PASS nor FAIL`)
    if (more !== undefined) throw refuse(`"${more.slice(0, 40)}" stands after the verdict`)
    if (pattern.length > gateLimits.patternChars)
      throw refuse(`its pattern has more than ${gateLimits.patternChars} characters`)
    if (rules.length === gateLimits.rules) throw refuse(`there are more than ${gateLimits.rules} rules`)
    const test = testOf(pattern, refuse)
    const byPath = pattern.includes('/')
    rules.push({ line: index + 1, pattern, verdict, fits: ({ name, path }) => test(byPath ? path : name) })
  }
  return rules
}

function testOf(pattern: string, refuse: (why: string) => LedgerError): (text: string) => boolean {
  try {
    return globTest(pattern, globGrammars.severities)
  } catch (error) {
    if (error instanceof RangeError)
      throw refuse(`"${pattern.slice(0, 40)}" is no pattern, as ${error.message}`)
    throw error
  }
}

/**
 * The path of a module as Module.symvers has it, from the file that it was found as: below `lib/modules/RELEASE/`, without
 * `kernel/` and without the endings of modules. `drivers/net/veth` for `….rpm!usr/lib/modules/6.4.0-1-default/kernel/drivers/net/veth.ko.zst`.
 */
export function modulePath(file: string): string {
  const member = file.slice(file.lastIndexOf('!') + 1)
  const installed = /(?:^|\/)lib\/modules\/[^/]+\/(.*)$/s.exec(member)?.[1] ?? member
  return installed.replace(/^kernel\//, '').replace(/\.ko(\.(xz|zst|gz))?$/, '')
}

/** The `uname -r` below whose folder a module is installed, else that which it names itself; null where neither tells. */
export function moduleRelease(file: string, vermagic: string | null): string | null {
  const installed = /(?:^|[/!])lib\/modules\/([^/]+)\//.exec(file)?.[1]
  return installed ?? vermagic?.split(' ', 1)[0] ?? null
}
