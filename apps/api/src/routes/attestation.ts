import { gateEngine } from '@basedrift/check'
import { Envelope, KeyList, ref, statementType } from '@basedrift/contract'
import { sealEnvelope } from '@basedrift/runtime'
import { statementOf } from '../attest/statement.js'
import { BuildIdPath } from '../params.js'
import { permittedBuild } from '../permitted.js'
import { ProblemError } from '../problem.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'

/** The signed statement of a build's verdicts, and the key that signs it. */
export function attestationRoutes(app: App, { ledger, signer }: AppDependencies): void {
  const engine = gateEngine((setId) => ledger.moduleSets.manifest(setId))

  app.get(
    '/v1/builds/:id/attestation',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'attestation',
        tags: ['verdicts'],
        summary: 'The verdicts of a build, as a signed in-toto statement',
        description:
          'The payload is a Statement: the packages that were read, by digest, and as tests the pairs that the gate looks at in every environment of ' +
          'the stream, the build itself among them, and what is missing of the evidence. The same verdicts give the same bytes. `basedrift verify` checks it.',
        params: BuildIdPath,
        response: { 200: ref(Envelope), ...problems('build-unknown', 'build-unfinished', 'not-ready') },
      },
    },
    async (request) => {
      const { id } = request.params
      const build = await permittedBuild(ledger, id, request.permit)
      if (build.state !== 'done') throw new ProblemError('build-unfinished')
      if (signer === undefined) throw new ProblemError('not-ready', 'The service has no key to sign with.')
      const statement = statementOf(build, await ledger.attested.build(id, engine))
      return sealEnvelope(statementType, Buffer.from(JSON.stringify(statement)), signer)
    },
  )

  app.get(
    '/v1/keys',
    {
      config: { scope: 'open' },
      schema: {
        operationId: 'listKeys',
        tags: ['verdicts'],
        summary: 'The public keys that sign attestations',
        response: { 200: ref(KeyList), ...problems() },
      },
    },
    async () => ({
      keys:
        signer === undefined
          ? []
          : [{ keyid: signer.keyid, algorithm: 'ed25519' as const, publicKey: signer.publicKey }],
    }),
  )
}
