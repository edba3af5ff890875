// Writes what follows from the OpenAPI document: the operations of the client and docs/api.md; `--check` only says whether both are
// up to date. Needs a build.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { openApiDocument } from '@basedrift/api/document'
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

const document = await openApiDocument()
const made = {
  'packages/contract/src/client/generated/operations.ts': clientTypes(document, await schemaModules()),
  'docs/api.md': apiPage(document),
}
for (const [file, text] of Object.entries(made)) {
  const place = path.join(root, file)
  if (!process.argv.includes('--check')) writeFileSync(place, text)
  else if (readFileSync(place, 'utf8') !== text) {
    console.error(`${file} is out of date: run node scripts/api.mjs`)
    process.exitCode = 1
  }
}
