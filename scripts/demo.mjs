// The demo: two neighbouring builds of Debian's cloud kernel go in as a build hook would send them, the matrix comes out.
// Called by scripts/demo, which installs and builds first.
import { spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { downloadPackages, openApt, searchPackages } from './lib/apt.mjs'
import { smallBuilds } from './lib/small-builds.mjs'

const root = path.dirname(import.meta.dirname)
const basedrift = path.join(root, 'apps/cli/bin/basedrift.js')
const { values: options } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    small: { type: 'boolean', default: false },
    port: { type: 'string' },
    'data-dir': { type: 'string', default: path.join(root, '.basedrift') },
  },
})
const dataDir = path.resolve(options['data-dir'])
/** A path as it can be typed in the project's root. */
const shown = (file) => path.relative(process.cwd(), file) || '.'
const pattern = '^linux-image-6\\.1\\.0-[0-9]+-cloud-amd64-unsigned$'

/** Two real builds from Debian's archive; null where apt cannot get them. */
const debianBuilds = async () => {
  const cache = path.join(dataDir, 'demo')
  const apt = await openApt(path.join(cache, 'apt'), pattern)
  if (apt === null) return null
  const names = (await searchPackages(apt, pattern)).slice(-2)
  if (names.length < 2) return null
  console.log(`Getting ${names.join(' and ')} from Debian's archive …`)
  const files = await downloadPackages(apt, names, path.join(cache, 'debs'))
  return files.map((file) => {
    const [, version, release] = /_([^_]+)-([^-_]+)_[^_]+\.deb$/.exec(path.basename(file))
    return { version, release, files: [file] }
  })
}

const getBuilds = async () => {
  if (!options.small) {
    try {
      const builds = await debianBuilds()
      if (builds !== null) return { stream: 'Debian:bookworm/amd64/cloud', builds }
    } catch (error) {
      console.log(error.message)
    }
    console.log(
      "Debian's kernel packages cannot be had here: this run uses the project's own small fixtures instead.",
    )
  }
  return { stream: 'example/x86_64/default', builds: await smallBuilds(path.join(dataDir, 'demo', 'small')) }
}

const isFree = (port) =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

const choosePort = async () => {
  if (options.port !== undefined) return options.port
  return !options.once && (await isFree(8080)) ? '8080' : '0'
}

/** Starts the service and resolves once it says where it listens. */
const startService = (port) =>
  new Promise((resolve, reject) => {
    const log = path.join(dataDir, 'serve.log')
    const args = [basedrift, 'serve', '--port', port, '--data-dir', dataDir, '--log-file', log]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (data) => {
      output += data
      const url = /http:\/\/[^\s]+/.exec(output)?.[0]
      if (url !== undefined) resolve({ child, url: url.replace(/\/$/, ''), log })
    })
    child.once('exit', (code) => reject(new Error(`The service ended with exit ${code}: see ${shown(log)}`)))
  })

const say = (title) => console.log(`\n── ${title}`)

/** Runs a client command, shows it, and ends the demo when it fails. */
const client = (url, args, { show = true } = {}) => {
  if (show)
    console.log(
      `$ npx basedrift ${args.map((arg) => (/^[\w:/.=@-]+$/.test(arg) ? arg : `'${arg}'`)).join(' ')}`,
    )
  const { status, stdout } = spawnSync(process.execPath, [basedrift, ...args, '--server', url], {
    // Where the service keeps its admin token; any other server needs BASEDRIFT_TOKEN.
    env: { ...process.env, BASEDRIFT_DATA_DIR: dataDir },
    stdio: ['ignore', show ? 'inherit' : 'pipe', 'inherit'],
    maxBuffer: 1 << 28,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`basedrift ${args[0]} ended with exit ${status}`)
  return stdout
}

const pushAll = (url, stream, builds) => {
  for (const { version, release, files } of builds) {
    const identity = ['--stream', stream, '--version', version, '--release', release]
    client(url, ['push', ...identity, '--wait', ...files.map(shown)])
  }
}

/** Up to three modules of a pair, of as many verdicts as there are: refused and misread before the rest. */
const chooseModules = (rows) => {
  const order = ['rejected', 'discarded', 'crashes', 'misread', 'changed', 'unknown', 'compatible', 'no-btf']
  const chosen = []
  const byVerdict = order
    .map((verdict) => rows.filter((row) => row.verdict === verdict))
    .filter((of) => of.length > 0)
  for (let turn = 0; chosen.length < 3 && turn < rows.length; turn++)
    for (const of of byVerdict) if (of[turn] !== undefined && chosen.length < 3) chosen.push(of[turn])
  return chosen
}

const main = async () => {
  const { stream, builds } = await getBuilds()
  const service = await startService(await choosePort())
  const stop = async () => {
    const ended = new Promise((resolve) => service.child.once('exit', resolve))
    service.child.kill('SIGTERM')
    await ended
  }
  try {
    const { url } = service
    say(`Uploading ${builds.length} builds of ${stream} to ${url}`)
    pushAll(url, stream, builds)
    say('Which module build fits which kernel build?')
    client(url, ['matrix', '--stream', stream])
    const [older, newer] = builds.map(({ version, release }) => `${version}-${release}`)
    const pair = ['pair', '--stream', stream, older, newer]
    const { rows } = JSON.parse(client(url, [...pair, '--format', 'json'], { show: false }))
    for (const { name } of chooseModules(rows)) {
      say(`Module ${name} of ${newer} on the kernel of ${older}`)
      client(url, [...pair, '--module', name])
    }
    say('Where to look next')
    // A data directory of the environment is that of `serve`, and not where the demo has put its data.
    const isDefault = dataDir === path.join(root, '.basedrift') && !process.env.BASEDRIFT_DATA_DIR
    const data = isDefault ? '' : ` --data-dir ${shown(dataDir)}`
    if (options.once) console.log(`The service again:         npx basedrift serve${data}`)
    // With --once the service ends now; what follows is for the one that the line above starts.
    const later = options.once ? 'http://127.0.0.1:8080' : url
    const server = later === 'http://127.0.0.1:8080' ? '' : ` --server ${later}`
    // Client commands look there for the token.
    const env = data === '' ? '' : `BASEDRIFT_DATA_DIR=${shown(dataDir)} `
    console.log(
      `All modules of that pair:  ${env}npx basedrift pair --stream ${stream} ${older} ${newer}${server}`,
    )
    console.log(
      `The same offline:          npx basedrift check --kernel ${shown(builds[0].files[0])} ${shown(builds[1].files[0])}`,
    )
    console.log(`The API, to try out:       ${later}/docs`)
    console.log(`Its admin token is in:     ${shown(path.join(dataDir, 'admin-token'))}`)
    console.log(`What the service logged:   ${shown(service.log)}`)
    if (!options.once) {
      console.log('\nThe service stays up until Ctrl-C.')
      await new Promise((resolve) => {
        process.once('SIGINT', resolve)
        process.once('SIGTERM', resolve)
      })
    }
  } finally {
    await stop()
  }
}

try {
  await main()
} catch (error) {
  console.error(`demo: ${error.message}`)
  process.exitCode = 1
}
