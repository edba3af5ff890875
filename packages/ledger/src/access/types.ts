import type { TokenScope } from '@basedrift/contract'
import type { Page, PageRequest } from '../rows.js'

/** An access token without its secret. */
export interface TokenRow {
  id: string
  name: string
  scopes: TokenScope[]
  /** Globs of the streams that it is for. */
  streams: string[]
  createdBy: string
  createdAt: string
  expiresAt: string | null
  /** To the minute. */
  lastUsedAt: string | null
  revokedAt: string | null
}

/** What a token is to be. */
export interface NewToken {
  name: string
  scopes: readonly TokenScope[]
  streams: readonly string[]
  expiresAt: Date | null
  /** Name of who asks for it. */
  createdBy: string
}

export interface Tokens {
  /** `text` is the token itself: nobody can find it out later. `token-name-taken`, also by one that was revoked. */
  create(token: NewToken): Promise<{ token: TokenRow; text: string }>
  /**
   * The token that a text is, and whether it can be used; null where it is none. Takes the same time for every wrong secret.
   * Its use is recorded at most once a minute.
   */
  find(text: string): Promise<{ token: TokenRow; state: 'valid' | 'expired' | 'revoked' } | null>
  get(id: string): Promise<TokenRow | null>
  /** Newest first. */
  list(page: PageRequest): Promise<Page<TokenRow>>
  /** Idempotent; null where there is no such token. */
  revoke(id: string): Promise<TokenRow | null>
  /**
   * Makes a token with the scope `admin` unless there is a valid one (then null) and none is `wanted`. Of several processes
   * one makes it.
   */
  firstAdmin(wanted?: boolean): Promise<{ token: TokenRow; text: string } | null>
}

/** A write that somebody asked for. */
export interface AuditRow {
  id: string
  at: string
  /** Null for what the service did by itself. */
  tokenId: string | null
  by: string
  operation: string
  target: string
  status: number
  /** The error's code where it was refused. */
  code: string | null
  requestId: string
}

export interface Audit {
  record(entry: Omit<AuditRow, 'id' | 'at'>): Promise<void>
  /** Newest first; of one author where `by` is given. */
  list(query: { by?: string | undefined } & PageRequest): Promise<Page<AuditRow>>
}

/** Which write a key stands for: keys of different tokens are different. */
export interface IdempotencyKey {
  tokenId: string
  key: string
}

/** An answer that is given again; `body` is null where it is not kept. */
export interface KeptAnswer {
  status: number
  headers: { [name: string]: string }
  body: string | null
}

/** What is known of a key: `begun` is the caller's to do now, and `holder` ends it. */
export type KeyState =
  | { state: 'begun'; holder: string }
  | { state: 'running' }
  | { state: 'differs' }
  | { state: 'done'; answer: KeptAnswer }

export interface Idempotency {
  /** Takes a key for a request, unless it is taken: a key counts for a day, one that is under way for as long as it is extended. */
  begin(key: IdempotencyKey, fingerprint: Uint8Array): Promise<KeyState>
  /** Keeps what is under way from counting as abandoned for another minute. */
  extend(holders: readonly string[]): Promise<void>
  finish(key: IdempotencyKey, holder: string, answer: KeptAnswer): Promise<void>
  /** Nothing was done: the key is free. */
  release(key: IdempotencyKey, holder: string): Promise<void>
  /** Deletes what is older than a day, and of each token the oldest beyond `kept`; gives how many. */
  sweep(): Promise<number>
}
