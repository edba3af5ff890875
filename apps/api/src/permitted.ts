import type { BuildRow, Ledger } from '@basedrift/ledger'
import { ProblemError } from './problem.js'

/** The build, where it is there and its stream is the caller's business. `build-unknown`, or what `permit` refuses with. */
export async function permittedBuild(
  { builds }: Pick<Ledger, 'builds'>,
  id: string,
  permit: (stream: string) => void,
): Promise<BuildRow> {
  const build = await builds.get(id)
  if (build === null) throw new ProblemError('build-unknown')
  permit(build.stream)
  return build
}
