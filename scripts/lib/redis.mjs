// A real Redis for the tests: the machine's own, or Debian's, unpacked without root into a cache folder.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import path from 'node:path'
import { downloadPackages, openApt } from './apt.mjs'

const onPath = (name) =>
  (process.env.PATH ?? '')
    .split(':')
    .map((folder) => path.join(folder, name))
    .find(existsSync)

// redis-server of Debian and what it links beyond the C library.
const packages = [
  'redis-server',
  'redis-tools',
  'libatomic1',
  'libjemalloc2',
  'liblzf1',
  'libssl3',
  'libsystemd0',
]
const libsystemdNeeds = ['libcap2', 'libgcrypt20', 'libgpg-error0', 'liblz4-1', 'liblzma5', 'libzstd1']

const unpackDebian = async (cache) => {
  const root = path.join(cache, 'redis')
  const binary = path.join(root, 'usr/bin/redis-check-rdb')
  if (!existsSync(binary)) {
    const apt = await openApt(path.join(cache, 'apt'), '^redis-server$')
    if (apt === null) return null
    const files = await downloadPackages(apt, [...packages, ...libsystemdNeeds], path.join(cache, 'debs'))
    mkdirSync(root, { recursive: true })
    for (const file of files) execFileSync('dpkg', ['-x', file, root])
  }
  const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu'
  const libraries = ['usr/lib', 'lib'].map((folder) => path.join(root, folder, triplet)).join(':')
  // One binary under several names: what it does follows from argv[0].
  return { binary, argv0: 'redis-server', env: { ...process.env, LD_LIBRARY_PATH: libraries } }
}

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

const answers = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.once('data', (data) => {
      socket.destroy()
      resolve(data.toString().startsWith('+PONG'))
    })
    socket.once('error', () => resolve(false))
  })

/**
 * Starts a Redis on a free loopback port, with nothing kept on disk. Resolves to `{ url, stop }`, or to null, with the
 * reason told to `say`, where none can be had.
 */
export const startRedis = async (cache, say) => {
  const own = onPath('redis-server') ?? onPath('valkey-server')
  const server =
    own === undefined ? await unpackDebian(cache).catch((error) => say(error.message)) : { binary: own }
  if (!server) return null
  const port = await freePort()
  const child = spawn(
    server.binary,
    [
      '--bind',
      '127.0.0.1',
      '--port',
      String(port),
      '--save',
      '',
      '--appendonly',
      'no',
      '--maxmemory-policy',
      'noeviction',
    ],
    {
      argv0: server.argv0 ?? path.basename(server.binary),
      env: server.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      output = (output + data).slice(-2000)
    })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.once('error', (error) => say(error.message))
  const deadline = Date.now() + 10_000
  while (child.exitCode === null && Date.now() < deadline) {
    if (await answers(port))
      return {
        url: `redis://127.0.0.1:${port}`,
        stop: async () => {
          child.kill('SIGTERM')
          await ended
        },
      }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  child.kill('SIGKILL')
  say(`redis-server did not start: ${output.trim().split('\n').at(-1)}`)
  return null
}
