import { execFile, spawnSync } from 'node:child_process'
import { chown, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { RuntimeError, runtimeErrorCodes } from '../errors.js'
import type { PostgresBinaries } from './binaries.js'

/** How Postgres, which refuses to run as root, is run here. */
export interface Identity {
  /** The command line that runs `program`, which gets SIGINT (fast shutdown) when this process ends, however it ends. */
  wrap(program: string, args: string[]): { command: string; args: string[] }
  /** Gives a file or directory that this process made to whom Postgres runs as. */
  own(path: string): Promise<void>
}

const has = (tool: string) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0

/** SIGINT, not SIGTERM: that one waits for every client to leave. */
const followParent = ['--pdeathsig', 'INT']

function ordinary(): Identity {
  const setpriv = has('setpriv')
  return {
    wrap: (program, args) =>
      setpriv
        ? { command: 'setpriv', args: [...followParent, '--', program, ...args] }
        : { command: program, args },
    own: async () => {},
  }
}

/** A user namespace in which root is user 1000: needs no such user, and files stay root's. */
const namespace: Identity = {
  wrap: (program, args) => ({
    command: 'unshare',
    args: [
      '--user',
      '--map-user=1000',
      '--map-group=1000',
      '--',
      'setpriv',
      ...followParent,
      '--',
      program,
      ...args,
    ],
  }),
  own: async () => {},
}

function asUser(uid: number, gid: number): Identity {
  return {
    wrap: (program, args) => ({
      command: 'setpriv',
      args: [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...followParent, '--', program, ...args],
    }),
    own: (path) => chown(path, uid, gid),
  }
}

/**
 * Chooses how to run Postgres. As an ordinary user: as that. As root: as the owner of the data that is there already, else in a
 * user namespace, else (where root's name alone does not open the way to the program, as below a private home directory) as the
 * owner of the program. `at.home` is given to whom Postgres runs as.
 */
export async function chooseIdentity(
  binaries: PostgresBinaries,
  at: { home: string; data: string },
  env: NodeJS.ProcessEnv,
): Promise<Identity> {
  if (process.getuid?.() !== 0) return ordinary()
  const there = await stat(at.data).catch(() => null)
  const owner = await stat(binaries.package)
  const candidates: Identity[] = []
  if (there !== null && there.uid !== 0) candidates.push(asUser(there.uid, there.gid))
  else candidates.push(namespace)
  if (there === null && owner.uid !== 0) candidates.push(asUser(owner.uid, owner.gid))
  let cause: unknown
  for (const candidate of candidates) {
    const { command, args } = candidate.wrap(binaries.initdb, ['--version'])
    try {
      await candidate.own(at.home)
      await promisify(execFile)(command, args, { env, timeout: 30_000 })
      return candidate
    } catch (error) {
      cause = error
    }
  }
  const words = String((cause as { stderr?: unknown } | undefined)?.stderr ?? '').trim()
  throw new RuntimeError('postgres-identity', `${runtimeErrorCodes['postgres-identity']} ${words}`.trim(), {
    cause,
  })
}
