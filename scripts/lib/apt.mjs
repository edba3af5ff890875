// Debian packages as files, without installing them and without root.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const limits = { maxBuffer: 64 * 1024 * 1024, timeout: 10 * 60 * 1000 }

/** Lists that were fetched are used for this long, so that a second run is quick and gives the same answer. */
const freshMs = 24 * 60 * 60 * 1000

/**
 * A view of apt on package lists of its own in `cache`, which needs no root and changes nothing on the machine: those that the
 * machine has may be old, partial or none. Where they cannot be fetched, the machine's own are used. Null where there is no
 * apt, or no package that matches `probe`.
 */
export const openApt = async (cache, probe) => {
  // As root, apt would drop to a user that may not write here.
  const sandbox = ['-o', 'APT::Sandbox::User=root']
  const own = [
    ['Dir::State::lists', path.join(cache, 'lists')],
    ['Dir::Cache', path.join(cache, 'cache')],
    ['Debug::NoLocking', '1'],
  ].flatMap(([key, value]) => ['-o', `${key}=${value}`])
  const knows = async (options) => {
    const { stdout } = await run('apt-cache', [...options, 'search', '--names-only', probe], limits)
    return stdout.trim() !== ''
  }
  const fetched = path.join(cache, 'fetched')
  const options = [...sandbox, ...own]
  try {
    for (const folder of ['lists/partial', 'cache/archives/partial'])
      mkdirSync(path.join(cache, folder), { recursive: true })
    if (!existsSync(fetched) || Date.now() - statSync(fetched).mtimeMs > freshMs) {
      await run('apt-get', [...options, '-qq', 'update', '--error-on=any'], limits)
      writeFileSync(fetched, '')
    }
    if (await knows(options)) return { options }
  } catch {
    // No network, or no apt: what the machine has may do.
  }
  try {
    return (await knows(sandbox)) ? { options: sandbox } : null
  } catch {
    return null
  }
}

/** Names of packages that match a regular expression, oldest version first. */
export const searchPackages = async (apt, pattern) => {
  const { stdout } = await run('apt-cache', [...apt.options, 'search', '--names-only', pattern], limits)
  return stdout
    .split('\n')
    .map((line) => line.split(' ')[0])
    .filter(Boolean)
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
}

/** Puts the newest .deb of each named package into `folder` (a file that is there already stays); returns their paths. */
export const downloadPackages = async (apt, names, folder) => {
  mkdirSync(folder, { recursive: true })
  const staging = path.join(folder, '.partial')
  const files = []
  for (const name of names) {
    const { stdout } = await run('apt-cache', [...apt.options, 'show', '--no-all-versions', name], limits)
    const version = /^Version: (.+)$/m.exec(stdout)?.[1]
    if (version === undefined) throw new Error(`apt knows no version of ${name}`)
    const held = (dir) =>
      existsSync(dir)
        ? readdirSync(dir).find((file) => file.startsWith(`${name}_${version.replace(':', '%3a')}_`))
        : undefined
    let file = held(folder)
    if (file === undefined) {
      rmSync(staging, { recursive: true, force: true })
      mkdirSync(staging)
      await run('apt-get', [...apt.options, '-qq', 'download', name], { ...limits, cwd: staging })
      file = held(staging)
      if (file === undefined) throw new Error(`apt-get download ${name} left no file`)
      renameSync(path.join(staging, file), path.join(folder, file))
      rmSync(staging, { recursive: true, force: true })
    }
    files.push(path.join(folder, file))
  }
  return files
}
