import Type, { type Static } from 'typebox'
import { refusalCodes } from '../words.js'
import { nullableRef, nullableString, oneOf, Timestamp, Uuid } from './base.js'
import { Why } from './gate.js'

/** What somebody said of a build. */
export const BuildStatement = Type.Object(
  {
    by: Type.String({ description: 'Name of the token' }),
    at: Timestamp,
    reason: Type.String({ description: 'Why, in their words' }),
  },
  { $id: 'BuildStatement', description: 'What somebody said of a build, or of content that was refused' },
)
export type BuildStatement = Static<typeof BuildStatement>

/** An attempt to record other content under a name that was taken. */
export const Refusal = Type.Object(
  {
    id: Uuid,
    code: oneOf(
      refusalCodes,
      '`after-seal`: a package under a new name, when the build was sealed; `more-differs`: one for all content beyond the 100 that are kept one by one, under another id with each',
    ),
    filename: nullableString({ description: 'The artifact; null where the declaration differed' }),
    recorded: Type.Unknown({ description: 'What is recorded, and stays' }),
    given: Type.Unknown({ description: 'What came' }),
    by: nullableString({ description: 'Token that sent it first; null where that was not recorded' }),
    createdAt: Timestamp,
    times: Type.Integer({ minimum: 1, description: 'How often the same came' }),
    lastAt: Timestamp,
    heldBy: nullableString({
      description:
        '`version-release` of a build of modules for the same kernel (`builtFor`) that has what came after the seal as a package: nobody needs to acknowledge it then',
    }),
    acknowledgement: nullableRef(BuildStatement, 'Null until somebody has looked at it'),
  },
  {
    $id: 'Refusal',
    description: 'The same name came with other content, or a package after the seal, and was refused',
  },
)
export type Refusal = Static<typeof Refusal>

/** Body of a withdrawal. */
export const WithdrawalRequest = Type.Object(
  { reason: Why },
  {
    $id: 'WithdrawalRequest',
    additionalProperties: false,
    description: 'Why a build is withdrawn',
    examples: [{ reason: 'The file was truncated; the right one comes under the same name' }],
  },
)
export type WithdrawalRequest = Static<typeof WithdrawalRequest>

/** Most refusals that are told of a build. */
export const mostRefusals = 101

/** Body of an acknowledgement. */
export const AcknowledgementRequest = Type.Object(
  {
    refusals: Type.Array(Uuid, {
      minItems: 1,
      maxItems: mostRefusals,
      uniqueItems: true,
      description: 'Refusals of the build that somebody looked at, by id',
    }),
    reason: Why,
  },
  {
    $id: 'AcknowledgementRequest',
    additionalProperties: false,
    description: 'What somebody found out about content that was refused',
    examples: [
      {
        refusals: ['019ac1f2-1111-7a31-9c11-6b8f0e2d4c55'],
        reason: 'A rebuild that was never published; the mirror has the file that is recorded',
      },
    ],
  },
)
export type AcknowledgementRequest = Static<typeof AcknowledgementRequest>
