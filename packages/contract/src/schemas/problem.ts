import Type, { type Static } from 'typebox'

/** One reason why a request does not fit its schema. */
export const FieldError = Type.Object(
  {
    path: Type.String({ description: 'Where: part of the request, then a JSON pointer' }),
    message: Type.String({ description: 'What is wrong there' }),
  },
  { $id: 'FieldError', description: 'One part of a request that does not fit' },
)
export type FieldError = Static<typeof FieldError>

/** An answer that is an error: problem details as RFC 9457 has them, with a stable `code`. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'The kind of problem, as a URI' }),
    title: Type.String({ description: 'The kind of problem, in words that do not change' }),
    status: Type.Integer({ minimum: 400, maximum: 599, description: 'The HTTP status' }),
    detail: Type.String({ description: 'What happened here, and what to do' }),
    code: Type.String({
      pattern: '^[a-z][a-z0-9]*(-[a-z0-9]+)*$',
      description: 'Stable; programs decide by it',
    }),
    instance: Type.String({ description: 'Id of the request; the log has it too' }),
    errors: Type.Optional(
      Type.Array(Type.Unsafe<FieldError>({ $ref: 'FieldError#' }), {
        description: 'Where the request does not fit its schema',
      }),
    ),
  },
  { $id: 'Problem', description: 'Problem details, RFC 9457' },
)
export type Problem = Static<typeof Problem>
