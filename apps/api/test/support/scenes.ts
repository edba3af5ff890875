import { randomUUID } from 'node:crypto'
import { digestHeader } from '@basedrift/contract'
import type { TestService } from '../../../../test/e2e/support/service.js'
import { uploadOf } from '../../../../test/e2e/support/service.js'
import type { Fixtures } from './requests.js'

/** What a request needs that does what its operation is for, beyond what the fixtures of the walk know. */
export interface Scene {
  /** Values of parameters, by name. */
  values?: Record<string, string>
  headers?: Record<string, string>
  body?: unknown
  /** It makes what it names: naming what is not there is no mistake. */
  makes?: true
}

const nobody = '00000000-0000-7000-8000-000000000000'
const noDigest = '0'.repeat(64)

/** Makes the things that operations of gates, channels and tokens are about, and what each operation is called with. */
export async function setScenes(
  service: TestService,
  known: { stream: string; kernelBuild: string; moduleBuild: string; environment: string; module: string },
): Promise<{ fixtures: Fixtures; scenes: Record<string, Scene> }> {
  const { client } = service
  const { stream, kernelBuild, moduleBuild, environment, module } = known
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString()
  const waiving = { kernelBuild, moduleBuild, verdicts: ['rejected' as const], reason: 'known', expiresAt }
  await client.enterLive(environment, kernelBuild)
  const { waiver } = await client.waive({ ...waiving, modules: [module] })
  const decision = await client.gate({ build: moduleBuild, environment })
  await client.gate({ build: moduleBuild, environment, dryRun: true })
  const spare = await client.createToken({ name: `spare-${randomUUID()}`, scopes: ['read'] })
  const target = { kind: 'slack', url: 'https://127.0.0.1/services/T0/B0/abcdefgh' }
  const post = async (path: string, body?: unknown) => {
    const answer = await service.fetch(path, {
      method: 'POST',
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    })
    return (await answer.json()) as { id: string }
  }
  const channel = await post('/v1/channels', { name: `walk ${randomUUID()}`, target })
  const delivery = await post(`/v1/channels/${channel.id}/test`)
  const named = (release: string) => ({ stream, version: '5.15.12', release })
  await client.declareBuild(named('open'))
  await client.declareBuild(named('full'))
  await client.putArtifact(named('full'), 'a.config', uploadOf(Buffer.from('CONFIG_BPF=y\n')))
  const artifact = Buffer.from('walk')
  const { version, release } = await client.getBuild(kernelBuild)
  const again = { provenance: { url: 'https://other.example' } }
  await service.fetch(`/v1/streams/${encodeURIComponent(stream)}/builds/${version}-${release}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(again),
  })
  const { build: mistaken } = await client.declareBuild(named('mistaken'))
  const [refusal] = (await client.getBuild(kernelBuild)).refusals
  return {
    fixtures: {
      'waivers/{id}': [waiver.id],
      'decisions/{id}': [decision.id],
      'tokens/{id}': [spare.id],
      'channels/{id}': [channel.id],
      'deliveries/{id}': [delivery.id],
    },
    scenes: {
      declareBuild: { values: { vr: '5.15.12-new' }, body: {}, makes: true },
      putArtifact: {
        values: { vr: '5.15.12-open', filename: 'new.rpm' },
        headers: { 'content-digest': digestHeader(uploadOf(artifact).sha256) },
        body: artifact,
      },
      sealBuild: { values: { vr: '5.15.12-full' } },
      waive: { body: { ...waiving, modules: 'all' } },
      acknowledgeRefusals: { body: { refusals: [refusal?.id], reason: 'the same sources' } },
      withdrawBuild: { values: { id: mistaken.id }, body: { reason: 'the wrong file' } },
      breakGlass: { body: { build: moduleBuild, environment, reason: 'it burns', decision: decision.id } },
      createChannel: { body: { name: `walk ${randomUUID()}`, target } },
      changeChannel: { body: { mode: 'daily' } },
      setPolicy: { body: { rules: 'teapot FAIL\n' } },
      changeStream: { body: { versionScheme: 'rpm' } },
      createToken: { body: { name: `walk-${randomUUID()}`, scopes: ['read'] } },
    },
  }
}

/** Values of parameters that name nothing which is there. */
export const strangers: Record<string, string> = {
  id: nobody,
  build: nobody,
  kernelBuild: nobody,
  moduleBuild: nobody,
  stream: 'no/such/stream',
  sha256: noDigest,
  cursor: 'AAAA',
}
