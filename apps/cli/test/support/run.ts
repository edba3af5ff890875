import { spawn } from 'node:child_process'
import path from 'node:path'

/** What a run of the command line left behind. */
export interface Run {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** The script that users run. */
export const bin = path.resolve(import.meta.dirname, '../../bin/basedrift.js')

/** The environment of a run: nothing of the developer's own settings. */
export function cleanEnv(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const {
    BASEDRIFT_URL: _url,
    BASEDRIFT_TOKEN: _token,
    BASEDRIFT_DEBUG: _debug,
    BASEDRIFT_BREAK_GLASS: _glass,
    BASEDRIFT_DATA_DIR: _dataDir,
    DATABASE_URL: _db,
    // Services that share a queue take each other's bells.
    REDIS_URL: _redis,
    ...env
  } = process.env
  return { ...env, ...more }
}

/** Runs `basedrift` to its end. `closeOutput` closes the reading end of its standard output at once. */
export function basedrift(
  args: readonly string[],
  { cwd, env, closeOutput }: { cwd?: string; env?: NodeJS.ProcessEnv; closeOutput?: boolean } = {},
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd,
      env: cleanEnv(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const stdout: Buffer[] = []
    let stderr = ''
    if (closeOutput) child.stdout.destroy()
    else child.stdout.on('data', (data: Buffer) => stdout.push(data))
    child.stderr.setEncoding('utf8').on('data', (data: string) => {
      stderr += data
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout: Buffer.concat(stdout), stderr }))
  })
}
