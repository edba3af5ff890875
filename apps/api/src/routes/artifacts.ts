import type { Readable } from 'node:stream'
import {
  Artifact,
  type ArtifactKind,
  artifactKindOf,
  artifactKinds,
  evidenceBytes,
  oneOf,
  ref,
  splitVersionRelease,
} from '@basedrift/contract'
import type { BuildRow, StoredBlob } from '@basedrift/ledger'
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { Principal } from '../access/principal.js'
import { ArtifactPath, writeHeaders } from '../params.js'
import { ProblemError } from '../problem.js'
import { problems } from '../responses.js'
import { Shares } from '../shares.js'
import type { App, AppDependencies } from '../types.js'
import { sha256OfDigest } from '../upload/digest.js'
import { createIntake } from '../upload/intake.js'
import { metered } from '../upload/meter.js'
import { artifactView } from '../views/build.js'

const description = `The body is the file, as it is. \`Content-Digest: sha-256=:BASE64:\` (RFC 9530) is checked against it; nothing is
kept of an upload that ends early or does not match. The same file again answers 200, also once the build is sealed; another file under
the same name is refused and recorded. Bytes are bounded for a day, for a stream and for a token: what Content-Length announces is reserved first.

Where \`HEAD /v1/blobs/{sha256}\` knows the file, an empty body with \`Repr-Digest: sha-256=:BASE64:\` and no Content-Digest names it
instead of sending it.

A kernel config (\`config-RELEASE\`), \`Module.symvers\`, provenance (\`*.intoto.jsonl\`, \`provenance.json\`) and a build log (\`*.log\`) are evidence beside
the packages: \`kind\` says so where the name does not.`

/** Most bytes of an artifact of that kind. */
function mostBytes(kind: ArtifactKind, packageBytes: number): number {
  return kind === 'package' ? packageBytes : Math.min(packageBytes, evidenceBytes[kind])
}

/** What a request says of a file: where its bytes come from, null where they are in the store, and how many are announced. */
interface Claim {
  sha256: string
  bytes: Readable | null
  size: number | null
}

/** Bytes to take from quotas before any comes. */
const reservedFor = ({ bytes, size }: Claim, maxBytes: number) => ({
  bytes: bytes === null ? 0 : (size ?? maxBytes),
  announced: size !== null,
})

/** What a request says of the file: which it is, and whether its bytes come or are in the store already. */
function claimOf(request: FastifyRequest, maxBytes: number): Claim {
  const { headers } = request
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    throw new ProblemError('media-type-refused', 'An artifact is sent as it is, without a Content-Encoding.')
  }
  if (headers['content-type']?.toLowerCase().startsWith('multipart/')) {
    throw new ProblemError('media-type-refused', 'An artifact is the body itself, not a form.')
  }
  if (headers['content-range'] !== undefined) {
    throw new ProblemError('request-malformed', 'An artifact is sent whole, without a Content-Range.')
  }
  const announced = headers['content-length'] === undefined ? null : Number(headers['content-length'])
  if (announced !== null && announced > maxBytes) {
    throw new ProblemError('body-too-large', `An artifact has at most ${maxBytes} bytes.`)
  }
  const sent = headers['content-digest']
  if (sent === undefined && headers['repr-digest'] !== undefined && (announced ?? 0) === 0) {
    const named = sha256OfDigest(String(headers['repr-digest']))
    if (named === null || headers['transfer-encoding'] !== undefined)
      throw new ProblemError('digest-required')
    return { sha256: named, bytes: null, size: null }
  }
  const sha256 = sha256OfDigest(sent === undefined ? undefined : String(sent))
  if (sha256 === null) throw new ProblemError('digest-required')
  return { sha256, bytes: request.raw, size: announced }
}

/** The same bytes, and what their source ended in where it failed: a store may tell that as a failure of its own. */
function watched(source: AsyncIterable<Uint8Array>): {
  bytes: AsyncIterable<Uint8Array>
  failure: () => unknown
} {
  let failure: unknown
  async function* bytes() {
    try {
      yield* source
    } catch (error) {
      failure = error
      throw error
    }
  }
  return { bytes: bytes(), failure: () => failure }
}

/** Uploading the artifacts of a build. */
export function artifactRoutes(app: App, { ledger, blobs, config }: AppDependencies): void {
  const { limits } = config
  const pace = { idleMs: limits.uploadIdleMs, minRate: limits.uploadMinRate, graceMs: limits.uploadGraceMs }
  const uploads = new Shares()
  const intake = createIntake({ ledger, blobs, limits, log: app.log })

  /** Streams the body into the store, as one of a bounded number of uploads, of all and of the token's. */
  const receive = async (
    bytes: Readable,
    expected: { sha256: string; maxBytes: number },
    { id }: Principal,
  ): Promise<StoredBlob> => {
    if (uploads.of(id) >= limits.tokenUploads) throw new ProblemError('uploads-limited')
    if (uploads.size >= limits.uploads) throw new ProblemError('connections-exhausted')
    return uploads.during(id, async () => {
      const source = watched(metered(bytes, pace))
      try {
        return await blobs.put(source.bytes, { maxBytes: expected.maxBytes, expectedSha256: expected.sha256 })
      } catch (error) {
        const failure = source.failure()
        if (failure instanceof ProblemError) throw failure
        if (failure === undefined) throw error
        throw new ProblemError('request-malformed', 'The client went away before all of it had come.')
      }
    })
  }

  /** Bytes of a file that is there already, for who is limited to some streams in one of them; null of any other. */
  const sizeOf = async (sha256: string, { streams }: Principal): Promise<number | null> =>
    streams === null || (await ledger.artifacts.has(sha256, streams)) ? blobs.size(sha256) : null

  const known = async (sha256: string, maxBytes: number, principal: Principal): Promise<StoredBlob> => {
    const size = await sizeOf(sha256, principal)
    if (size === null) throw new ProblemError('blob-unknown')
    if (size > maxBytes)
      throw new ProblemError('body-too-large', `Such an artifact has at most ${maxBytes} bytes.`)
    return { sha256, size }
  }

  /** Whether the name is taken or the build closed, so that no byte needs to come. */
  const settled = (build: BuildRow, filename: string, sha256: string): boolean => {
    const recorded = build.artifacts.find((artifact) => artifact.filename === filename)
    if (recorded !== undefined) return recorded.sha256 !== sha256
    if (build.state !== 'declared' && build.state !== 'open') return true
    if (build.artifacts.length >= limits.artifactsPerBuild) throw new ProblemError('artifact-limit')
    return false
  }

  app.put(
    '/v1/streams/:stream/builds/:vr/artifacts/:filename',
    {
      config: { scope: 'ingest' },
      schema: {
        operationId: 'putArtifact',
        tags: ['ingest'],
        summary: 'Upload one artifact',
        description,
        params: ArtifactPath,
        querystring: Type.Object(
          { kind: Type.Optional(oneOf(artifactKinds, 'What it is; where it is not given, its name tells')) },
          { additionalProperties: false },
        ),
        body: { content: { 'application/octet-stream': { schema: { description: 'The file' } } } },
        headers: Type.Object({
          ...writeHeaders,
          'content-digest': Type.Optional(
            Type.String({ maxLength: 1024, description: '`sha-256=:BASE64:` of the body' }),
          ),
          'repr-digest': Type.Optional(
            Type.String({
              maxLength: 1024,
              description: '`sha-256=:BASE64:` of a file that the service has',
            }),
          ),
        }),
        response: {
          200: ref(Artifact),
          201: ref(Artifact),
          ...problems(
            'digest-required',
            'request-malformed',
            'origin-refused',
            'build-unknown',
            'upload-stalled',
            'build-differs',
            'build-sealed',
            'build-withdrawn',
            'artifact-limit',
            'body-too-large',
            'media-type-refused',
            'digest-mismatch',
            'blob-unknown',
            'uploads-limited',
            'quota-exceeded',
            'connections-exhausted',
          ),
        },
      },
    },
    async (request, reply) => {
      const { stream, vr, filename } = request.params
      const { version, release } = splitVersionRelease(vr)
      const kind = request.query.kind ?? artifactKindOf(filename)
      const maxBytes = mostBytes(kind, limits.artifactBytes)
      const claim = claimOf(request, maxBytes)
      const build = await ledger.builds.find(stream, version, release)
      if (build === null) throw new ProblemError('build-unknown', `${stream} ${vr} was not declared.`)

      const { sha256, bytes } = claim
      const { principal } = request
      const add = async (blob: StoredBlob) => {
        const by = principal.name
        const most = limits.artifactsPerBuild
        return {
          ...(await ledger.artifacts.add({ buildId: build.id, filename, kind, ...blob, by, most })),
          size: blob.size,
        }
      }
      const { outcome, artifact } = settled(build, filename, sha256)
        ? await add({ sha256, size: claim.size ?? (await sizeOf(sha256, principal)) ?? 0 })
        : await intake.during(
            { stream, token: principal.id, sha256, ...reservedFor(claim, maxBytes) },
            async () =>
              add(
                bytes === null
                  ? await known(sha256, maxBytes, principal)
                  : await receive(bytes, { sha256, maxBytes }, principal),
              ),
          )

      const same = artifact !== null && artifact.sha256 === sha256
      if (outcome === 'created' && artifact !== null) return reply.code(201).send(artifactView(artifact))
      if (same) return reply.code(200).send(artifactView(artifact))
      if (outcome === 'sealed' && artifact === null) throw new ProblemError('build-sealed')
      // Others came while this one did.
      if (outcome === 'full') throw new ProblemError('artifact-limit')
      request.log.warn({ build: build.id, filename }, 'an artifact came again with other content')
      throw new ProblemError(
        'build-differs',
        `${filename} of ${stream} ${vr} is recorded with other content.`,
      )
    },
  )
}
