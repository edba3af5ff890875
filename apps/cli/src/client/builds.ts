import type { BuildSummary, CallOptions, Client } from '@basedrift/contract'
import { CliError } from '../errors.js'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Builds asked for at once. */
const pageSize = 500

/** Every build of a stream (of all streams where none is named), newest first, page by page. */
export async function* allBuilds(
  client: Client,
  stream: string | undefined,
  options: CallOptions = {},
): AsyncGenerator<BuildSummary> {
  let cursor: string | undefined
  do {
    const page = await client.listBuilds({ stream, cursor, limit: pageSize }, options)
    yield* page.items
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
}

/**
 * The id of a build that was named by its id, or by version-release together with a stream.
 * @throws CliError `usage` where a stream is needed, `build-unknown` where it has no such build
 */
export async function buildIdOf(
  client: Client,
  name: string,
  stream: string | undefined,
  options: CallOptions = {},
): Promise<string> {
  if (uuid.test(name)) return name
  if (stream === undefined) {
    throw new CliError(
      'usage',
      `"${name}" is not the id of a build; to name it by version-release, add --stream.`,
    )
  }
  for await (const build of allBuilds(client, stream, options)) {
    if (`${build.version}-${build.release}` === name) return build.id
  }
  throw new CliError(
    'build-unknown',
    `The stream ${stream} has no build ${name}; \`basedrift builds\` lists those there are.`,
  )
}
