import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { startTestService } from './support/service.js'

it('the service ends although a client does not end its request', async () => {
  const service = await startTestService({ graceMs: 20 })
  const { hostname, port } = new URL(service.url)
  const socket = connect(Number(port), hostname)
  const answered = once(socket, 'data')
  socket.on('error', () => {})
  // One request that is answered shows that the connection is there; the next one stays half said.
  socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\nGET /healthz HT')
  await answered
  const closed = once(socket, 'close')
  await service[Symbol.asyncDispose]()
  await closed
  expect(socket.destroyed).toBe(true)
})
