import type { BellRow, Failure, Outbox, TaskPayload, TaskRow, Tasks } from '@basedrift/ledger'

/** Tasks and outbox as the ledger keeps them, with a clock of their own; for what time and failures decide. */
export class MemoryTasks implements Tasks, Outbox {
  now = Date.parse('2026-01-01T00:00:00Z')
  /** Thrown by the named call, once for each time it is listed. */
  readonly broken: string[] = []
  readonly tasks = new Map<string, TaskRow & { bells: number; rungAt: number }>()
  readonly rows: BellRow[] = []
  #serial = 0

  create(id: string, payload: TaskPayload = { kind: 'ingest', buildId: id }): void {
    const at = new Date(this.now).toISOString()
    this.tasks.set(id, {
      id,
      payload,
      state: 'pending',
      attempt: 0,
      leaseOwner: null,
      leaseUntil: null,
      runAt: at,
      error: null,
      createdAt: at,
      finishedAt: null,
      bells: 0,
      rungAt: 0,
    })
    this.#bell(id)
  }

  #bell(id: string): void {
    const task = this.#task(id)
    task.bells++
    task.rungAt = this.now
    const { kind } = task.payload
    this.rows.push({ id: `${++this.#serial}`, taskId: id, kind, bell: task.bells, runAt: task.runAt })
  }

  #task(id: string) {
    const task = this.tasks.get(id)
    if (task === undefined) throw new Error(`no task ${id}`)
    return task
  }

  #call(name: string): void {
    const at = this.broken.indexOf(name)
    if (at < 0) return
    this.broken.splice(at, 1)
    throw new Error(`the database did not answer to ${name}`)
  }

  async get(id: string) {
    return this.tasks.get(id) ?? null
  }

  async take(id: string, owner: string, leaseMs: number) {
    this.#call('take')
    const task = this.tasks.get(id)
    if (task === undefined) return null
    const due = task.state === 'pending' && Date.parse(task.runAt) <= this.now
    const ended = task.state === 'leased' && Date.parse(task.leaseUntil as string) <= this.now
    if (!due && !ended) return null
    task.state = 'leased'
    task.attempt++
    task.leaseOwner = owner
    task.leaseUntil = new Date(this.now + leaseMs).toISOString()
    return { ...task }
  }

  async extend(id: string, owner: string, leaseMs: number) {
    this.#call('extend')
    return this.#held(id, owner, (task) => {
      task.leaseUntil = new Date(this.now + leaseMs).toISOString()
    })
  }

  async finish(id: string, owner: string) {
    this.#call('finish')
    return this.#held(id, owner, (task) => {
      task.state = 'done'
    })
  }

  async fail(id: string, owner: string, error: Failure) {
    this.#call('fail')
    return this.#held(id, owner, (task) => {
      task.state = 'failed'
      task.error = error
    })
  }

  async retry(id: string, owner: string, error: Failure, runAt: Date, { counts = true } = {}) {
    this.#call('retry')
    return this.#held(id, owner, (task) => {
      task.state = 'pending'
      task.leaseOwner = null
      task.error = error
      task.runAt = runAt.toISOString()
      if (!counts) task.attempt--
      this.#bell(id)
    })
  }

  #held(id: string, owner: string, change: (task: TaskRow) => void): boolean {
    const task = this.#task(id)
    if (task.state !== 'leased' || task.leaseOwner !== owner) return false
    change(task)
    return true
  }

  async overdue(limit: number, quietMs: number) {
    const quiet = this.now - quietMs
    return [...this.tasks.values()]
      .filter((task) => {
        const since = task.state === 'pending' ? task.runAt : task.state === 'leased' ? task.leaseUntil : null
        if (since === null || Date.parse(since) > quiet || task.rungAt > quiet) return false
        return !this.rows.some((row) => row.taskId === task.id)
      })
      .slice(0, limit)
      .map((task) => task.id)
  }

  async ring(ids: string[]) {
    for (const id of ids) this.#bell(id)
    return ids.length
  }

  async counts() {
    const counts = { pending: 0, leased: 0, done: 0, failed: 0 }
    for (const task of this.tasks.values()) counts[task.state]++
    return counts
  }

  async batch(limit: number) {
    this.#call('batch')
    return this.rows.slice(0, limit)
  }

  async done(ids: string[]) {
    this.#call('done')
    for (const id of ids) {
      this.rows.splice(
        this.rows.findIndex((row) => row.id === id),
        1,
      )
    }
  }

  async size() {
    return this.rows.length
  }
}

/** A queue in memory that answers only when told to: the order of everything is the test's. */
export class MemoryQueue {
  readonly jobs: { taskId: string; bell: number; delayMs: number }[] = []
  answer: (payload: unknown) => Promise<void> = async () => {}
  readonly #answering = new Set<Promise<void>>()
  /** Thrown by `add`, once for each. */
  readonly broken: Error[] = []

  async add(bells: readonly { taskId: string; bell: number; delayMs: number }[]) {
    const error = this.broken.shift()
    if (error !== undefined) throw error
    for (const bell of bells) {
      const same = this.jobs.some((job) => job.taskId === bell.taskId && job.bell === bell.bell)
      if (!same) this.jobs.push(bell)
    }
  }

  async consume(answer: (payload: unknown) => Promise<void>) {
    this.answer = answer
    return {
      close: async () => {
        await Promise.all(this.#answering)
      },
    }
  }

  /** Answers the oldest job, or the given payload. */
  deliver(payload: unknown = this.#next()): Promise<void> {
    const answering = this.answer(payload)
    this.#answering.add(answering)
    return answering.finally(() => this.#answering.delete(answering))
  }

  #next(): { taskId: string } {
    const job = this.jobs.shift()
    if (job === undefined) throw new Error('no job is waiting')
    return { taskId: job.taskId }
  }

  async depth() {
    return { waiting: this.jobs.length, delayed: 0, active: this.#answering.size }
  }
}
