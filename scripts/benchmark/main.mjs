// scripts/bench [check|binding|drift|ingest|storage|gate]… [--loops]: prints costs and ratios; --loops also runs the peers that take half a minute.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { distantPackages, twoBuilds } from './data.mjs'
import { benchGate } from './gate.mjs'
import { bestOf, cost, have, treeCpu, watchMemory } from './measure.mjs'
import { measurePeers } from './peers.mjs'
import { benchStorage } from './storage.mjs'

const root = path.resolve(import.meta.dirname, '../..')
const cache = path.join(root, '.cache')
const basedrift = path.join(root, 'apps/cli/bin/basedrift.js')
/** CPU seconds that the drift of two bases of 100,000 types may take after start-up. */
const driftLimit = 1
const rules = '6.1.192,allow-mismatch'

const seconds = (value) => `${value.toFixed(2)} s`
const megabytes = (bytes) => `${Math.round(bytes / 1e6)} MB`
const row = (name, ...cells) =>
  console.log(`  ${name.padEnd(40)}${cells.map((cell) => cell.padStart(14)).join('')}`)

const benchCheck = async ([older, newer], loops) => {
  const count = readdirSync(newer.modules).length
  console.log(
    `\ncheck: ${count} modules of ${path.basename(newer.deb)}, raw BTF, on the base of ${path.basename(older.deb)}`,
  )
  row('', 'CPU', 'wall', 'CPU, ours = 1')
  const args = ['check', '--kernel', older.base, '--rules', rules, '--format', 'json', newer.modules]
  // 1 is the answer here: modules that a neighbour's kernel refuses.
  const ours = await bestOf(5, () => cost(process.execPath, [basedrift, ...args], { allowed: [0, 1, 3] }))
  const { summary } = JSON.parse(ours.stdout)
  row('basedrift check', seconds(ours.cpu), seconds(ours.wall), '1.00')
  // The peers parse on the base that the modules were built on: on another one they stop early.
  for (const peer of await measurePeers(cache, newer.base, newer.modules, { loops })) {
    if (peer.missing !== undefined) row(peer.name, 'left out:', ` ${peer.missing}`)
    else row(peer.name, seconds(peer.cpu), seconds(peer.wall), (peer.cpu / ours.cpu).toFixed(2))
  }
  console.log(`  verdicts: ${JSON.stringify(summary)}`)
}

const benchBinding = async ([older, newer]) => {
  const count = readdirSync(newer.modules).length
  console.log(
    `\nbinding: ${count} modules, raw BTF, on the base of the older build: every reference compared with their own base`,
  )
  row('', 'CPU', 'wall', 'CPU, limit = 1', 'memory')
  const args = ['check', '--kernel', older.base, '--rules', rules, '--format', 'json', newer.modules]
  const run = (more) =>
    bestOf(5, () =>
      cost(process.execPath, [basedrift, ...args, ...more], { allowed: [0, 1, 3], memory: true }),
    )
  const kernel = await run([])
  const bound = await run(['--origin', newer.base])
  // Half as much again as the kernel's checks alone, and a second for the two bases.
  const limit = kernel.cpu * 1.5 + 1
  row('the kernel’s checks', seconds(kernel.cpu), seconds(kernel.wall), '', megabytes(kernel.peak))
  const ratio = (bound.cpu / limit).toFixed(2)
  row('with every reference bound', seconds(bound.cpu), seconds(bound.wall), ratio, megabytes(bound.peak))
  row('limit: 1.5 × the checks + 1 s', seconds(limit), '', '1.00', '')
  console.log(`  verdicts: ${JSON.stringify(JSON.parse(bound.stdout).summary)}`)
}

const benchDrift = async ([older, newer]) => {
  console.log(`\ndrift: the bases of ${path.basename(older.deb)} and ${path.basename(newer.deb)}, raw BTF`)
  row('', 'CPU', 'wall', 'CPU, limit = 1', 'memory')
  const vector = (build) => path.join(root, 'packages/btf/testdata', `base-${build}.btf`)
  const run = (a, b) => {
    const args = [basedrift, 'diff', a, b, '--format', 'json']
    return bestOf(5, () => cost(process.execPath, args, { allowed: [0, 1], memory: true }))
  }
  // A drift of two bases with some forty types: what the program costs before it has anything to do.
  const start = await run(vector('1.1'), vector('1.3'))
  const drift = await run(older.base, newer.base)
  const { class: found, headline, a, b } = JSON.parse(drift.stdout)
  const after = drift.cpu - start.cpu
  row('start-up', seconds(start.cpu), seconds(start.wall), '', megabytes(start.peak))
  row('basedrift diff, less start-up', seconds(after), '', (after / driftLimit).toFixed(2), '')
  row('basedrift diff', seconds(drift.cpu), seconds(drift.wall), '', megabytes(drift.peak))
  row('limit', seconds(driftLimit), '', '1.00', '')
  if (have('bpftool')) {
    const dump = 'for base; do bpftool btf dump file "$base" >/dev/null; done'
    const peer = await bestOf(3, () => cost('bash', ['-c', dump, 'bash', older.base, newer.base]))
    row(
      'bpftool btf dump of both',
      seconds(peer.cpu),
      seconds(peer.wall),
      (peer.cpu / driftLimit).toFixed(2),
      '',
    )
  } else row('bpftool btf dump of both', 'left out:', ' no bpftool')
  console.log(`  ${a.base.types} and ${b.base.types} types: ${found}: ${headline}`)
}

const serve = async (dataDir) => {
  const child = spawn(process.execPath, [basedrift, 'serve', '--port', '0', '--data-dir', dataDir], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  let output = ''
  const url = await new Promise((resolve, reject) => {
    child.stdout.on('data', (data) => {
      output += data
      const found = /http:\/\/[\d.:]+/.exec(output)
      if (found !== null) resolve(found[0])
    })
    child.once('exit', (code) => reject(new Error(`basedrift serve ended with ${code}`)))
  })
  // Its clients on this machine take the admin token from there.
  process.env.BASEDRIFT_DATA_DIR = dataDir
  return {
    url,
    pid: child.pid,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}

const push = (url, deb, release, stream = 'bench') =>
  cost(process.execPath, [
    ...[basedrift, 'push', '--server', url, '--stream', stream, '--version', '6.1.0', '--release', release],
    ...['--wait', deb],
  ])

/**
 * One ingest beside another build: the second of a service, or a later one where `before` is a package that it has compared with
 * that build already, so that the code of both its threads is compiled. Memory is looked at only where it is asked for: that costs
 * the kernel time of its own.
 */
const ingestOnce = async ([older, newer], { memory, before }) => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'basedrift-bench-'))
  try {
    const server = await serve(dataDir)
    try {
      if (before !== undefined) {
        await push(server.url, before, '0', 'before')
        await push(server.url, older.deb, '1', 'before')
      }
      await push(server.url, older.deb, '1')
      // From memory, as the peer reads its input: how fast a disk is, is not what is compared.
      readFileSync(newer.deb)
      const watch = memory ? watchMemory(server.pid) : null
      const start = treeCpu(server.pid)
      const { wall, cpu } = await push(server.url, newer.deb, '2')
      return { cpu: cpu + treeCpu(server.pid) - start, wall, peak: watch?.stop() ?? 0 }
    } finally {
      await server.stop()
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** The quickest of `rounds` ingests, with the peak of one more. */
const ingests = async (rounds, builds, before) => {
  const runs = []
  for (let round = 0; round < rounds; round++) runs.push(await ingestOnce(builds, { memory: false, before }))
  const { peak } = await ingestOnce(builds, { memory: true, before })
  return { ...runs.sort((a, b) => a.wall - b.wall)[0], peak }
}

const benchIngest = async (builds) => {
  const newer = builds[1]
  console.log(
    `\ningest: ${path.basename(newer.deb)} into a stream with one other build, upload to stored verdicts`,
  )
  row('', 'wall', 'ratio to xz', 'CPU', 'memory')
  const data = path.join(cache, 'bench', `${path.basename(newer.deb)}.data.tar.xz`)
  let peer
  if (have('xz') && have('dpkg-deb')) {
    execFileSync('bash', [
      '-c',
      'n=$(ar t "$1" | grep ^data.tar) && ar p "$1" "$n" >"$2"',
      'bash',
      newer.deb,
      data,
    ])
    const unpack = () => cost('bash', ['-c', 'xz -T0 -dc "$1" >/dev/null', 'bash', data])
    const runs = [await unpack(), await unpack(), await unpack()]
    peer = runs.sort((a, b) => a.wall - b.wall)[0]
    row('xz -T0 -dc on its data', seconds(peer.wall), '1.00', seconds(peer.cpu), '')
    rmSync(data)
  } else row('xz -T0 -dc on its data', 'left out:', ' no xz or no ar')
  const ratio = ({ wall }) => (peer === undefined ? '' : (wall / peer.wall).toFixed(2))
  const show = (name, best) =>
    row(name, seconds(best.wall), ratio(best), seconds(best.cpu), megabytes(best.peak))
  const [before] = await distantPackages(cache)
  show('push --wait, the second of a service', await ingests(3, builds))
  show('push --wait, a later one', await ingests(2, builds, before))
}

const words = process.argv.slice(2)
const wanted = words.filter((word) => !word.startsWith('--'))
const all = {
  check: (builds) => benchCheck(builds, words.includes('--loops')),
  binding: benchBinding,
  drift: benchDrift,
  ingest: benchIngest,
  storage: async () => benchStorage(await distantPackages(cache)),
}
const names = wanted.length > 0 ? wanted : [...Object.keys(all), 'gate']
console.log(`Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model}`)
const ofBuilds = names.filter((name) => name !== 'gate')
if (ofBuilds.length > 0) {
  const builds = await twoBuilds(cache)
  for (const name of ofBuilds) await all[name](builds)
}
if (names.includes('gate')) await benchGate(row)
