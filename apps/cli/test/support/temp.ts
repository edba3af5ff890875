import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A directory that is there until it is disposed of. */
export function tempDir(): { readonly path: string } & Disposable {
  const dir = mkdtempSync(path.join(tmpdir(), 'basedrift-cli-'))
  return { path: dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) }
}
