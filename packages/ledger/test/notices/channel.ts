import { randomUUID } from 'node:crypto'
import type { NewChannel } from '../../src/index.js'

/** A channel that is told of everything at once, under a name of its own. */
export function newChannel(of: Partial<NewChannel> = {}): NewChannel {
  const id = randomUUID()
  return {
    id,
    name: `channel ${id}`,
    kind: 'webhook',
    settings: { kind: 'webhook' },
    sealed: 'v1.a.b.c.d',
    routes: [{ stream: '*', kinds: [], minSeverity: 'info' }],
    mode: 'immediate',
    by: 'operator',
    ...of,
  }
}
