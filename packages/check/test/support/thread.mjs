// The entry of a thread that does what a job asks of it, to see what becomes of the pool.
import { setTimeout as delay } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'
import { serveJobs } from '../../dist/pool/protocol.js'

const forever = 2 ** 30
const collected = new FinalizationRegistry((channel) => {
  const told = new BroadcastChannel(channel)
  told.postMessage('collected')
  told.close()
})

serveJobs(async (job, { signal, progress }) => {
  switch (job.kind) {
    case 'echo':
      progress(1)
      return { result: job.value }
    case 'thread':
      return { result: threadId }
    case 'keep':
      return { result: threadId, keeps: job.value }
    case 'litter':
      collected.register({}, job.value)
      return { result: null }
    case 'fail':
      throw Object.assign(new Error(job.message), { code: job.code })
    case 'exit':
      return process.exit(3)
    case 'throw':
      setImmediate(() => {
        throw new Error('out of the blue')
      })
      return { result: await delay(forever) }
    case 'spin':
      progress(1)
      for (;;);
    case 'eat': {
      const eaten = []
      for (;;) eaten.push(new Array(1000).fill(eaten.length))
    }
    case 'wait':
      progress(1)
      await delay(forever, undefined, { signal }).catch(() => undefined)
      return { result: 'ended' }
  }
})
