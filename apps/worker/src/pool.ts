import type { CheckPool } from '@basedrift/check'

/** The part of the pool of worker threads that jobs use: everything that parses bytes from outside runs there. */
export type Pool = Pick<CheckPool, 'scan' | 'compare' | 'drift' | 'fingerprint' | 'fit'>
