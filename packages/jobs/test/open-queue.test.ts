import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createQueue } from '../src/index.js'
import { quiet } from './backends.js'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A server on loopback that treats each chunk it gets as told; gives its port. */
async function serve(answer: (request: string) => string | null): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      const words = answer(chunk.toString())
      if (words === null) socket.destroy()
      else socket.write(words)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => server.close())
  return (server.address() as AddressInfo).port
}

const noDatabase = 'postgresql://user:secret@127.0.0.1:1/none'

describe('opening the queue', () => {
  it('refuses a Redis that may evict jobs, and says what to set', async () => {
    const info = 'redis_version:7.0.15\r\nloading:0\r\nmaxmemory_policy:allkeys-lru\r\n'
    const port = await serve((request) => {
      // One answer for each command of the chunk; only `INFO` has one that matters.
      const commands = request.match(/\*\d+\r\n\$\d+\r\n\w+/g) ?? []
      return commands
        .map((command) => (/info$/i.test(command) ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n'))
        .join('')
    })
    await expect(
      createQueue({ redisUrl: `redis://127.0.0.1:${port}`, databaseUrl: noDatabase, log: quiet }),
    ).rejects.toMatchObject({ code: 'redis-evicts', message: expect.stringContaining('noeviction') })
  })

  it('fails at once where Redis does not answer', async () => {
    const port = await serve(() => null)
    const opening = createQueue({
      redisUrl: `redis://:secret@127.0.0.1:${port}`,
      databaseUrl: noDatabase,
      log: quiet,
    })
    await expect(opening).rejects.toMatchObject({ code: 'queue-unavailable' })
    await expect(opening).rejects.not.toMatchObject({ message: expect.stringContaining('secret') })
  })

  it('fails at once where Postgres does not answer', async () => {
    const opening = createQueue({ databaseUrl: noDatabase, log: quiet })
    await expect(opening).rejects.toMatchObject({ code: 'queue-unavailable' })
    await expect(opening).rejects.not.toMatchObject({ message: expect.stringContaining('secret') })
  })
})
