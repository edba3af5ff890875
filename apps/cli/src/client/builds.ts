import {
  ApiError,
  type CallOptions,
  type Client,
  splitVersionRelease,
  versionReleasePattern,
} from '@basedrift/contract/client'
import { CliError } from '../errors.js'
import { minute } from '../output/words.js'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const versionRelease = new RegExp(versionReleasePattern)

/**
 * The id of a build that was named by its id, or by version-release together with a stream.
 * @throws CliError `usage` where a stream is needed, `build-unknown` where it has no such build, `build-withdrawn` where it had one; ApiError `answer-invalid` where
 * the answer is another build
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
  const unknown = new CliError(
    'build-unknown',
    `The stream ${stream} has no build ${name}; \`basedrift builds\` lists those there are.`,
  )
  if (!versionRelease.test(name)) throw unknown
  const { version, release } = splitVersionRelease(name)
  const found = await client
    .findBuild({ stream, version, release }, options)
    .catch(async (error: unknown) => {
      if (!(error instanceof ApiError) || error.code !== 'build-unknown') throw error
      throw (await withdrawnOne(client, { stream, version, release }, options)) ?? unknown
    })
  const isIt = found.stream === stream && found.version === version && found.release === release
  if (isIt && uuid.test(found.id)) return found.id
  throw new ApiError(
    'answer-invalid',
    'The answer is not the build that was asked for: look at the address, and at proxies before it.',
  )
}

/** Withdrawn builds of a stream that are looked through, the latest first. */
const mostWithdrawn = 500

/** What to say of a name that a build had which was withdrawn; null where there is none, or the token may not see it. */
async function withdrawnOne(
  client: Client,
  { stream, version, release }: { stream: string; version: string; release: string },
  options: CallOptions,
): Promise<CliError | null> {
  const query = { stream, withdrawn: true, limit: mostWithdrawn }
  const { items } = await client.listBuilds(query, options).catch((error: unknown) => {
    if (error instanceof ApiError) return { items: [] }
    throw error
  })
  const build = items.find((one) => one.version === version && one.release === release)
  if (build === undefined || build.withdrawal === null) return null
  const { at, by, reason } = build.withdrawal
  return new CliError(
    'build-withdrawn',
    `${version}-${release} of ${stream} was withdrawn (${minute(at)} UTC by ${by}: ${reason}), and no other build has that name now: \`basedrift build ${build.id}\` shows what it was.`,
  )
}
