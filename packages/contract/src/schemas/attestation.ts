import Type, { type Static } from 'typebox'
import { gateDirections, pairStates } from '../words.js'
import { nullableBoolean, nullableString, oneOf, ref, Sha256, Uuid } from './base.js'
import { EnvironmentName } from './live.js'
import { Filename, Release, StreamName, Version } from './names.js'

/** The media type of an in-toto statement, which is what an envelope holds. */
export const statementType = 'application/vnd.in-toto+json'

/** Which statement and which predicate it is. */
export const statementVersion = 'https://in-toto.io/Statement/v1'
export const testResultType = 'https://in-toto.io/attestation/test-result/v0.1'

/** What tests came to, all together: the worst of them. */
export const testResults = ['PASSED', 'WARNED', 'FAILED'] as const
export type TestResult = (typeof testResults)[number]

/** A signed payload. */
export const Envelope = Type.Object(
  {
    payloadType: Type.String({ description: 'Media type of the payload', examples: [statementType] }),
    payload: Type.String({
      description: 'Base64 of the statement as JSON',
      examples: ['eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEifQ=='],
    }),
    signatures: Type.Array(
      Type.Object({
        keyid: Type.String({
          description: 'Fingerprint of the key; see `/v1/keys`',
          examples: ['0f'.repeat(32)],
        }),
        sig: Type.String({
          description: 'Base64 of the Ed25519 signature',
          examples: [`${'A'.repeat(86)}==`],
        }),
      }),
    ),
  },
  { $id: 'Envelope', description: 'A signed payload (DSSE); the payload is a Statement' },
)
export type Envelope = Static<typeof Envelope>

/** One test: the modules of one build on the kernel of another, or of the same. */
export const TestedPair = Type.Object(
  {
    name: Type.String({ description: 'As the lists of tests name it' }),
    digest: Type.Object(
      { sha256: Type.Optional(Sha256) },
      { description: 'Of the base BTF of the kernel; empty where it has none' },
    ),
    annotations: Type.Object({
      direction: oneOf(gateDirections, 'Whose modules on whose kernel'),
      environments: Type.Array(EnvironmentName, {
        description: 'Where they meet; empty where they do anyway',
      }),
      kernelBuild: Uuid,
      moduleBuild: Uuid,
      moduleSet: nullableString({ description: 'SHA-256 over the manifest of the modules' }),
      rules: nullableString({ description: 'Kernel version whose rules were applied' }),
      allowBtfMismatch: nullableBoolean(
        'Whether that kernel loads modules whose BTF it refuses; null: not known',
      ),
      engine: nullableString({ description: 'Version of the engine that decided' }),
      state: oneOf(pairStates, '`pending` and `failed` are no passes'),
      verdicts: Type.Record(Type.String(), Type.Integer({ minimum: 0 }), {
        description:
          'Modules per verdict, and those that the kernel refuses or reads wrong for another reason, or of which not all is known that it compares',
      }),
    }),
  },
  { $id: 'TestedPair', description: 'The modules of one build on the kernel of another' },
)
export type TestedPair = Static<typeof TestedPair>

/** What the payload of an envelope is. */
export const Statement = Type.Object(
  {
    _type: Type.Literal(statementVersion),
    subject: Type.Array(
      Type.Object({
        name: Filename,
        digest: Type.Object({ sha256: Sha256 }),
        annotations: Type.Object({ stream: StreamName, version: Version, release: Release }),
      }),
      { description: 'The packages of the build that were read whole; evidence beside them is none' },
    ),
    predicateType: Type.Literal(testResultType),
    predicate: Type.Object({
      result: oneOf(testResults, 'The worst of the tests; `PASSED` where nothing is missing besides'),
      configuration: Type.Array(ref(TestedPair), { description: 'The tests, each with what it came to' }),
      passedTests: Type.Array(Type.String(), {
        description: 'Every module is loaded and read right, or has no BTF',
      }),
      warnedTests: Type.Array(Type.String(), {
        description: 'Something is not decided, or, after `missing:`, could not be looked at',
      }),
      failedTests: Type.Array(Type.String(), { description: 'A module is refused or read wrong' }),
    }),
  },
  { $id: 'Statement', description: 'An in-toto statement of the verdicts of a build (test-result v0.1)' },
)
export type Statement = Static<typeof Statement>

/** A key that signs envelopes. */
export const SigningKey = Type.Object(
  {
    keyid: Type.String({
      description: 'SHA-256 of the key as SubjectPublicKeyInfo in DER',
      examples: ['0f'.repeat(32)],
    }),
    algorithm: Type.Literal('ed25519'),
    publicKey: Type.String({
      description: 'PEM',
      examples: [
        '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n',
      ],
    }),
  },
  { $id: 'SigningKey', description: 'A key that signs envelopes' },
)
export type SigningKey = Static<typeof SigningKey>

/** The keys that sign envelopes. */
export const KeyList = Type.Object(
  { keys: Type.Array(ref(SigningKey)) },
  { $id: 'KeyList', description: 'The keys that sign envelopes' },
)
export type KeyList = Static<typeof KeyList>
