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

it('the service ends at once although a client has opened a connection and said nothing yet', async () => {
  // As a client's pool does once it has given up a stream of events, and browsers do ahead of a request.
  const service = await startTestService({ graceMs: 600_000 })
  const { hostname, port } = new URL(service.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  await once(socket, 'connect')
  // Connections are taken in the order in which they came: once a later one is answered, that one is there.
  const later = connect(Number(port), hostname)
  later.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await once(later, 'data')
  await service[Symbol.asyncDispose]()
  await closed
  expect(socket.bytesRead).toBe(0)
})
