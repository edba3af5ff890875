import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A request that a receiver got. */
export interface Received {
  path: string
  headers: IncomingMessage['headers']
  body: string
}

/** A receiver of messages on this machine; `await using` ends it. */
export interface Receiver extends AsyncDisposable {
  url: string
  /** Everything that came, in order. */
  received: Received[]
}

/** Starts one. `answer` answers; without it everything is taken. */
export async function startReceiver(
  answer: (request: Received, response: ServerResponse) => void = (_, response) => void response.end('ok'),
): Promise<Receiver> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    // A sender that is killed in the middle of its request sent nothing.
    const body = await text(request).catch(() => null)
    if (body === null) return
    const given = { path: request.url ?? '', headers: request.headers, body }
    received.push(given)
    answer(given, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
