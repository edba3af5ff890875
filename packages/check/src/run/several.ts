import { type CheckRequest, type CheckResult, checkKernelAndModules } from './check.js'
import { type InputContent, type ReadInput, type ReadOptions, readInput } from './inputs.js'

/** What is checked: modules of any inputs against the kernels of several. */
export interface SeveralRequest extends Omit<CheckRequest, 'kernel'> {
  /** Files and directories with one kernel each. */
  readonly kernels: readonly string[]
}

/**
 * Checks the same modules against each of several kernels, in the order in which they are given: one package of modules can
 * serve many kernels. Every input with modules is read once.
 * @throws CheckError, BtfError as `checkKernelAndModules` does
 */
export async function checkOnKernels(
  { kernels, ...request }: SeveralRequest,
  given: ReadOptions = {},
): Promise<CheckResult[]> {
  const known = new Map<string, Promise<InputContent>>()
  const read: ReadInput = (path, role, keepModules, options) => {
    if (!keepModules) return readInput(path, role, keepModules, options)
    const key = `${role}\0${path}`
    const content = known.get(key) ?? readInput(path, role, keepModules, options)
    known.set(key, content)
    return content
  }
  const results: CheckResult[] = []
  for (const kernel of new Set(kernels)) {
    results.push(await checkKernelAndModules({ ...request, kernel }, { ...given, read }))
  }
  return results
}
