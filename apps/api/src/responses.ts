import { type ErrorCode, errorCodes, type Problem, Problem as ProblemSchema, ref } from '@basedrift/contract'
import Type from 'typebox'

/** What any request may end in, whatever it is. */
const common: readonly ErrorCode[] = [
  'request-invalid',
  'host-refused',
  'rate-limited',
  'internal',
  'overloaded',
]

/** The documented answer for one status: problem details with one of the given codes. */
function problemResponse(codes: readonly ErrorCode[]) {
  return {
    description: codes.map((code) => `\`${code}\`: ${errorCodes[code].title}.`).join(' '),
    content: { 'application/problem+json': { schema: Type.Unsafe<Problem>(ref(ProblemSchema)) } },
  }
}

/** The codes that the description of an error answer names, in order. */
export function codesOf(description: string): string[] {
  return [...description.matchAll(/`([a-z0-9-]+)`: /g)].map(([, code = '']) => code)
}

/** The documented error answers of a route: those with its own codes, and those that any request may get, by status. */
export function problems(...codes: ErrorCode[]): Record<number, ReturnType<typeof problemResponse>> {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of new Set([...codes, ...common])) {
    const { status } = errorCodes[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries([...byStatus].map(([status, of]) => [status, problemResponse(of)]))
}

interface Answers {
  response?: unknown
}

/** The schema of a route with more documented error answers: where its status has some, they join them. */
export function addProblems<S extends Answers>(schema: S, ...codes: ErrorCode[]): S {
  const response = { ...(schema.response as Record<string, { description?: string }> | undefined) }
  for (const code of codes) {
    const { status } = errorCodes[code]
    const more = problemResponse([code])
    const there = response[status]
    if (there === undefined) response[status] = more
    else if (!there.description?.includes(`\`${code}\``))
      response[status] = { ...there, description: `${there.description} ${more.description}` }
  }
  return { ...schema, response }
}
