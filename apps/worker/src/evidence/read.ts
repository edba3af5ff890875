import type { ArtifactRow, Failure, KernelRow } from '@basedrift/ledger'
import { workerErrorCodes } from '../errors.js'
import { contentProblems } from './content.js'
import { readBuildLog, type Tools } from './log.js'
import { provenanceProblems } from './provenance.js'

/** What the artifacts say that are neither scanned nor unpacked. */
export interface Evidence {
  /** By artifact. */
  readonly problems: Failure[][]
  /** The log of each artifact that is one, with what it says. */
  readonly logs: readonly { index: number; tools: Tools }[]
}

/** Whether an artifact may hold what a scan reads: kernels, modules, their config and symbols. */
export function isScanned({ kind }: ArtifactRow): boolean {
  return kind === 'package' || kind === 'config' || kind === 'symvers'
}

/** Reads provenance and build logs. `paths` are local files with the artifacts, in their order. */
export async function readEvidence(
  artifacts: readonly ArtifactRow[],
  paths: readonly string[],
): Promise<Evidence> {
  const problems: Failure[][] = []
  const logs: { index: number; tools: Tools }[] = []
  for (const [index, { kind, filename }] of artifacts.entries()) {
    const path = paths[index] as string
    const foreign = await contentProblems(path, filename, kind)
    problems.push(foreign)
    if (foreign.length > 0) continue
    if (kind === 'provenance') foreign.push(...(await provenanceProblems(path, filename, artifacts)))
    if (kind === 'log') logs.push({ index, tools: await readBuildLog(path, filename) })
  }
  return { problems, logs }
}

/**
 * The kernel with what build logs say of its tools where its config does not; where they say otherwise, the config stands, and it is a
 * problem of the log.
 */
export function withTools(
  kernel: KernelRow | null,
  artifacts: readonly ArtifactRow[],
  { logs, problems }: Evidence,
): KernelRow | null {
  if (kernel === null) return null
  let { compiler, pahole } = kernel
  for (const { index, tools } of logs) {
    const others = [
      ...differing('compiler', compiler, tools.compiler),
      ...differing('pahole', pahole, tools.pahole),
    ]
    for (const said of others)
      problems[index]?.push({
        code: 'log-contradicts',
        file: artifacts[index]?.filename ?? '',
        message: `${said}. ${workerErrorCodes['log-contradicts']}`,
      })
    compiler ??= tools.compiler
    pahole ??= tools.pahole
  }
  return { ...kernel, compiler, pahole }
}

function differing(tool: string, recorded: string | null, said: string | null): string[] {
  return recorded === null || said === null || recorded === said
    ? []
    : [`The ${tool} is ${recorded} by the config, ${said} by the log`]
}
