// Everything that must hold before a change goes in. Called by scripts/test, which installs and builds first.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { findMypy, findPython } from './lib/python.mjs'
import { startRabbit } from './lib/rabbitmq.mjs'
import { startRedis } from './lib/redis.mjs'

const root = path.dirname(import.meta.dirname)
const cache = path.join(root, '.cache')
const report = path.join(cache, 'vitest.json')
const leftOut = []
const failed = []

const command = (title, bin, args, env = {}) => {
  console.log(`\n=== ${title}`)
  const { status, signal } = spawnSync(bin, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  })
  if (status !== 0) failed.push(`${title} (${signal ?? `exit ${status}`})`)
}
const step = (title, bin, args, env = {}) =>
  command(title, process.execPath, [path.join(root, bin), ...args], env)

mkdirSync(cache, { recursive: true })
rmSync(report, { force: true })

step('Lint and format', 'node_modules/@biomejs/biome/bin/biome', ['check', '.'])
step('Import rules', 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs', [
  '--config',
  '.dependency-cruiser.cjs',
  'packages',
  'apps',
])
step('Types of the tests', 'node_modules/typescript/bin/tsc', ['-p', 'tsconfig.test.json'])

const env = {}
const python = await findPython(cache, (reason) => console.log(`python: ${reason}`))
if (python === null) leftOut.push('the hooks in Python: there is no python3 and none to be had from Debian')
else {
  env.BASEDRIFT_PYTHON = python
  const hooks = path.join(root, 'scripts/hooks')
  const rabbit = await startRabbit(cache, (reason) => console.log(`rabbitmq: ${reason}`))
  if (rabbit === null) leftOut.push('the listener on RabbitMQ: none here and none to be had from Debian')
  try {
    const where = ['discover', '-s', path.join(hooks, 'tests'), '-t', hooks]
    const folders = ['.', 'obs', 'koji'].map((folder) => path.join(hooks, folder))
    command('Tests of the hooks', python, ['-m', 'unittest', ...where], {
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONPATH: [...folders, rabbit?.pythonPath].filter(Boolean).join(':'),
      ...rabbit?.env,
    })
  } finally {
    await rabbit?.stop()
  }
  const mypy = await findMypy(cache, python, (reason) => console.log(`mypy: ${reason}`))
  if (mypy === null) leftOut.push('the types of the hooks: there is no mypy and none to be had from Debian')
  else {
    const [bin, ...args] = mypy.command
    command('Types of the hooks', bin, [...args, '--config-file', 'scripts/hooks/mypy.ini'], mypy.env)
  }
}

let redis = null
if (process.env.REDIS_URL === undefined) {
  redis = await startRedis(cache, (reason) => console.log(`redis: ${reason}`))
  if (redis === null) leftOut.push('the queue suite on Redis: none here and none to be had from Debian')
  else env.REDIS_URL = redis.url
}
if (process.env.BASEDRIFT_CONFORMANCE === undefined)
  leftOut.push('conformance with recorded kernels: BASEDRIFT_CONFORMANCE names no folder')
if (spawnSync('gcc', ['--version']).status !== 0)
  leftOut.push('compiling C that was printed: there is no gcc')
if (process.env.BASEDRIFT_FIXTURES === undefined)
  leftOut.push('the fixtures of other projects: BASEDRIFT_FIXTURES names no folder')

try {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  step('Tests', 'node_modules/vitest/vitest.mjs', ['run', ...reporters, ...process.argv.slice(2)], env)
} finally {
  await redis?.stop()
}
if (process.env.BASEDRIFT_CONFORMANCE !== undefined)
  step('Conformance', 'scripts/conformance.mjs', [process.env.BASEDRIFT_CONFORMANCE])

let counts = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 }
try {
  counts = JSON.parse(readFileSync(report, 'utf8'))
} catch {
  failed.push('Tests (no report)')
}
console.log('')
for (const what of leftOut) console.log(`Left out: ${what}`)
for (const what of failed) console.log(`Failed: ${what}`)
const { numPassedTests, numFailedTests, numPendingTests } = counts
console.log(`${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`)
if (numPassedTests === 0 && failed.length === 0) failed.push('no test ran')
process.exitCode = failed.length === 0 ? 0 : 1
