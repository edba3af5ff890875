// What a command costs: CPU and wall time in seconds, and the memory of a tree of processes.
import { execFile, execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** Runs a command to its end. `allowed` are the exit codes that count as success; `memory` asks for its peak, in bytes. */
export const cost = (command, args, { allowed = [0], env = {}, cwd, memory = false } = {}) =>
  new Promise((resolve, reject) => {
    // bash's own clock counts the children too.
    const timed = ['-c', 'TIMEFORMAT="cost %U %S %R"; time "$@"', 'bash', command, ...args]
    const options = {
      maxBuffer: 1 << 30,
      env: { ...process.env, LC_ALL: 'C', ...env },
      cwd,
      encoding: 'latin1',
    }
    const child = execFile('bash', timed, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code
      const found = /cost ([\d.]+) ([\d.]+) ([\d.]+)\s*$/.exec(stderr)
      if (found === null || !allowed.includes(code))
        return reject(new Error(`${command} ended with ${code}: ${stderr.slice(-600)}`))
      const [user, system, wall] = found.slice(1).map(Number)
      return resolve({ cpu: user + system, wall, stdout, peak: watch?.stop() ?? 0 })
    })
    const watch = memory ? watchMemory(child.pid) : null
  })

/** The cheapest of `rounds` runs, by CPU time. */
export const bestOf = async (rounds, run) => {
  const costs = []
  for (let round = 0; round < rounds; round++) costs.push(await run())
  return costs.sort((a, b) => a.cpu - b.cpu)[0]
}

export const have = (command) => {
  try {
    execFileSync('bash', ['-c', `command -v ${command}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const parents = () => {
  const children = new Map()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
      children.set(parent, [...(children.get(parent) ?? []), { pid: Number(pid), name }])
    } catch {
      // It ended between the two reads.
    }
  }
  return children
}

/** The ids of a process and of all below it, `keep` being asked for each by its name. */
const treeOf = (root, keep) => {
  const children = parents()
  const pids = []
  const queue = [{ pid: root, name: '' }]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (!keep(next.name)) continue
    pids.push(next.pid)
    queue.push(...(children.get(next.pid) ?? []))
  }
  return pids
}

/** The sum over processes of what `read` gives of one; one that has ended since counts for nothing. */
const sumOf = (pids, read) =>
  pids.reduce((sum, pid) => {
    try {
      return sum + read(pid)
    } catch {
      return sum
    }
  }, 0)

/**
 * Proportional set size, in bytes, of a process and all below it, Postgres not counted: a page that several of them share, as of
 * the one Node binary, counts once.
 */
export const treeMemory = (root) =>
  sumOf(
    treeOf(root, (name) => !name.startsWith('postgres')),
    (pid) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))[1]) * 1024,
  )

/** Clock ticks of a second in /proc (`getconf CLK_TCK`). */
const ticks = 100

/** CPU seconds so far of a process and all below it, Postgres and children that have ended among them. */
export const treeCpu = (root) =>
  sumOf(
    treeOf(root, () => true),
    (pid) => {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      const [user, system, ofChildren, systemOfChildren] = stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .slice(11, 15)
        .map(Number)
      return (user + system + ofChildren + systemOfChildren) / ticks
    },
  )

/** Samples the memory of a tree until `stop` is called, which returns the peak in bytes. */
export const watchMemory = (root, everyMs = 50) => {
  let peak = 0
  const timer = setInterval(() => {
    peak = Math.max(peak, treeMemory(root))
  }, everyMs)
  return {
    stop: () => {
      clearInterval(timer)
      return peak
    },
  }
}
