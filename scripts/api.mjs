// Writes what follows from the OpenAPI document: the operations of the client and docs/api.md. It compiles first, without checking
// types: the client may name operations that are about to be written. `--check` only says whether both are up to date, by what
// was built.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { apiPage } from './lib/api-page.mjs'
import { clientTypes } from './lib/client-types.mjs'

const root = path.resolve(import.meta.dirname, '..')
const schemas = path.join(root, 'packages/contract/dist/schemas')

/** The modules with schemas, and the names of those that they define. */
async function schemaModules() {
  const files = readdirSync(schemas).filter((file) => file.endsWith('.js'))
  return Promise.all(
    files.sort().map(async (file) => {
      const exported = Object.entries(await import(path.join(schemas, file)))
      const names = exported.filter(([name, value]) => value?.$id === name).map(([name]) => name)
      return { file: `../../schemas/${file}`, names }
    }),
  )
}

const check = process.argv.includes('--check')
if (!check) {
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [tsc, '-b', '--noCheck'], { cwd: root, stdio: 'inherit' })
}
const { openApiDocument } = await import('@basedrift/api/document')
const document = await openApiDocument()
const made = {
  'packages/contract/src/client/generated/operations.ts': clientTypes(document, await schemaModules()),
  'docs/api.md': apiPage(document),
}
for (const [file, text] of Object.entries(made)) {
  const place = path.join(root, file)
  if (!check) writeFileSync(place, text)
  else if (readFileSync(place, 'utf8') !== text) {
    console.error(`${file} is out of date: run node scripts/api.mjs`)
    process.exitCode = 1
  }
}
