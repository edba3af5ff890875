import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { bin, cleanEnv } from './run.js'

/** A `basedrift serve` of its own. */
export interface TestService {
  readonly url: string
  /** The admin token of its data directory. */
  readonly token: string
  readonly child: ChildProcess
  /** What it has said on standard output. */
  stdout(): string
  /** What it has said on standard error. */
  stderr(): string
  /** Sends a signal and waits for the end; gives the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** Starts `basedrift serve` on a free port and waits until it says where it listens. */
export async function startService(dataDir: string, env: NodeJS.ProcessEnv = {}): Promise<TestService> {
  const log = `${dataDir}.log`
  const args = [bin, 'serve', '--port', '0', '--data-dir', dataDir, '--log-file', log]
  const child = spawn(process.execPath, args, { env: cleanEnv(env), stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  let stdout = ''
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (data: string) => {
    stderr += data
  })
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (data: string) => {
      stdout += data
      const found = /^Basedrift listens on (http:\S+)\n/.exec(stdout)
      if (found !== null) resolve(found[1]!)
    })
    void ended.then((code) => reject(new Error(`serve ended with ${code}: ${stderr}`)))
  })
  return {
    url,
    token: readFileSync(`${dataDir}/admin-token`, 'utf8').trim(),
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    end: (signal) => {
      child.kill(signal)
      return ended
    },
  }
}
