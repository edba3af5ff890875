import { describe, expect, it } from 'vitest'
import { createShutdown } from '../src/index.js'

describe('a shutdown', () => {
  const warned: object[] = []
  const log = { info: () => {}, warn: (fields: object) => warned.push(fields) }

  it('closes the parts in reverse, once, and goes on after one that fails or hangs', async () => {
    const closed: string[] = []
    const shutdown = createShutdown({ log })
    shutdown.add('postgres', async () => void closed.push('postgres'))
    shutdown.add('hangs', () => new Promise(() => {}), 1)
    shutdown.add('fails', async () => {
      closed.push('fails')
      throw new Error('no')
    })
    shutdown.add('api', async () => void closed.push('api'))
    await Promise.all([shutdown.close(), shutdown.close()])
    expect(closed).toEqual(['api', 'fails', 'postgres'])
    expect(warned).toMatchObject([{ part: 'fails' }, { part: 'hangs', err: { code: 'shutdown-incomplete' } }])
  })

  it('closes on a signal, and exits at once on the second', async () => {
    const before = { int: process.listeners('SIGINT'), term: process.listeners('SIGTERM') }
    let release = () => {}
    const shutdown = createShutdown({ log })
    shutdown.add('slow', () => new Promise((resolve) => (release = resolve)))
    const codes: number[] = []
    const exited = new Promise<void>((resolve) => {
      shutdown.onSignals((code) => {
        codes.push(code)
        if (code !== 130) resolve()
      })
    })
    process.emit('SIGTERM')
    process.emit('SIGINT')
    expect(codes).toEqual([130])
    release()
    await exited
    expect(codes).toEqual([130, 0])
    for (const [signal, kept] of [
      ['SIGINT', before.int],
      ['SIGTERM', before.term],
    ] as const)
      for (const listener of process.listeners(signal))
        if (!kept.includes(listener)) process.removeListener(signal, listener)
  })
})
