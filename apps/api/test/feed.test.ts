import type { BuildEvent } from '@basedrift/contract'
import type { BuildRow, Ledger } from '@basedrift/ledger'
import { expect, it } from 'vitest'
import { BuildFeed } from '../src/feed.js'

/** A build whose state is what was set last; a look at it ends when it is let go. */
function buildOf(state: string) {
  const build = { state, looks: 0, letGo: [] as (() => void)[] }
  const builds = {
    get: async () => {
      build.looks++
      const { state } = build
      await new Promise<void>((resolve) => build.letGo.push(resolve))
      return { state } as BuildRow
    },
    progress: async () => ({ pairs: 1, done: 0, failed: 0 }),
  }
  return { build, ledger: { builds } as unknown as Pick<Ledger, 'builds'> }
}

const hour = 3_600_000

it('looks at once when it is hurried, once more for what came meanwhile, and ends with the build', async () => {
  const { build, ledger } = buildOf('ingesting')
  const feed = new BuildFeed(ledger, hour)
  const heard: string[] = []
  const end = new Promise<void>((resolve) => {
    feed.watch('1', (event: BuildEvent | null) => {
      heard.push(event?.state ?? 'end')
      if (event === null) resolve()
    })
  })
  feed.hurry()
  expect(build.looks).toBe(1)
  build.state = 'done'
  feed.hurry()
  feed.hurry()
  expect(build.looks).toBe(1)
  build.letGo.shift()?.()
  while (build.looks < 2) await new Promise(setImmediate)
  build.letGo.shift()?.()
  await end
  expect(heard).toEqual(['ingesting', 'done', 'end'])
  expect(build.looks).toBe(2)
  feed.close()
})
