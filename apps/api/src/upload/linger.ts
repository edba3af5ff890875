import type { IncomingMessage, ServerResponse } from 'node:http'

/** How long a refused upload may go on, in milliseconds: long enough for its client to read the answer. */
const lingerMs = 5_000

/**
 * Ends the connection of an upload that was answered before all of it had come. Node drops what still comes, so that the
 * client can read the answer; a client that goes on sending is cut off.
 */
export function lingerThenClose(request: IncomingMessage, response: ServerResponse): void {
  response.once('finish', () => {
    if (request.complete) return
    const timer = setTimeout(() => request.destroy(), lingerMs)
    timer.unref()
    request.once('close', () => clearTimeout(timer))
  })
}
