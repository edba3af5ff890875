// npm run conformance -- DIR: runs the engine over what real kernels said (every *.ndjson.gz of a folder), and says where
// the two differ. Exit 0 when nothing differs, 1 when something does, 2 when the folder or a file cannot be read.
import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { checkFile, checkOwnBase } from './conformance/cases.mjs'
import { Corpus, UnreadableError } from './conformance/corpus.mjs'

const shownDifferences = 10

/** Prints the line of one file and its first differences; true where there are none. */
function report(name, { passed, differences }) {
  console.log(`${name}: ${passed} passed, ${differences.length} failed`)
  for (const difference of differences.slice(0, shownDifferences)) console.log(`  ${difference}`)
  return differences.length === 0
}

async function main(folder) {
  if (folder === undefined || !existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new UnreadableError(`${folder ?? 'no folder given'}: give a folder with *.ndjson.gz files`)
  }
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.ndjson.gz'))
    .sort()
  if (files.length === 0) throw new UnreadableError(`${folder}: there is no *.ndjson.gz in it`)
  const corpus = new Corpus(folder)
  let same = true
  for (const file of files) {
    const name = file.slice(0, -'.ndjson.gz'.length)
    same = report(name, await checkFile(corpus, file)) && same
  }
  for (const kernel of corpus.kernelsWithModules()) {
    same = report(`${path.basename(kernel)} on its own base`, await checkOwnBase(corpus, kernel)) && same
  }
  return same ? 0 : 1
}

try {
  process.exitCode = await main(process.argv[2])
} catch (error) {
  if (!(error instanceof UnreadableError)) throw error
  console.error(`conformance: ${error.message}`)
  process.exitCode = 2
}
