import type { TokenScope } from '@basedrift/contract'
import { globGrammars, globTest } from '@basedrift/ledger'
import { ProblemError } from '../problem.js'

/** Who sends a request, and what that may do. */
export class Principal {
  /** Id of its token; null for who has none. */
  readonly id: string | null
  /** Name of its token: the author of what it writes. */
  readonly name: string
  /** Globs of the streams that it may touch; null where it may touch all. */
  readonly streams: readonly string[] | null
  readonly #scopes: ReadonlySet<TokenScope>
  readonly #fits: readonly ((stream: string) => boolean)[]

  constructor(of: {
    id: string | null
    name: string
    scopes: readonly TokenScope[]
    streams: readonly string[]
  }) {
    this.id = of.id
    this.name = of.name
    this.streams = of.streams.includes('*') ? null : of.streams
    this.#scopes = new Set(of.scopes)
    this.#fits = of.streams.map((glob) => globTest(glob, globGrammars.plain))
  }

  /** Whether it has a scope; `admin` includes the others. */
  has(scope: TokenScope): boolean {
    return this.#scopes.has(scope) || this.#scopes.has('admin')
  }

  /** Whether it may touch a stream, be there such a stream or not. */
  sees(stream: string): boolean {
    return this.streams === null || this.#fits.some((fits) => fits(stream))
  }

  /** @throws ProblemError `token-forbidden` where it may not touch the stream */
  permit(stream: string): void {
    if (!this.sees(stream)) throw new ProblemError('token-forbidden', 'This token is not for that stream.')
  }
}

/** Who has no token. */
export function anonymous(scopes: readonly TokenScope[]): Principal {
  return new Principal({ id: null, name: 'anonymous', scopes, streams: ['*'] })
}
