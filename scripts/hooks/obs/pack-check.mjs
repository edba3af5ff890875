#!/usr/bin/env node
// pack-check.mjs DESTDIR [NODE]: lays out the check for build roots under DESTDIR: the script where obs-build looks for it, and the offline
// commands with what they import, so that they run with node and nothing else; with NODE, a program, that goes along. Wants a built
// project (npm run build).
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const here = import.meta.dirname
const root = path.resolve(here, '../../..')

/** Parts of the service, and the xz that a build root has as a command. */
const leftOut = new Set([
  '@basedrift/runtime',
  '@basedrift/ledger',
  '@basedrift/jobs',
  '@basedrift/api',
  '@basedrift/worker',
  'node-liblzma',
])

const manifestOf = (folder) => JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))

/** Where a package lies that `from` depends on: beside it, or in a folder above, as Node looks for it. */
const find = (name, from) => {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const found = path.join(folder, 'node_modules', name)
    if (existsSync(found)) return found
    if (folder === root) throw new Error(`${name} is not installed: run npm ci`)
  }
}

/** What the command line depends on: folder by place in the tree that is made. */
const closure = () => {
  const places = new Map()
  const waiting = [['@basedrift/cli', root]]
  for (const [name, from] of waiting) {
    const folder = find(name, from)
    const place = path.relative(root, folder)
    if (leftOut.has(name) || places.has(place)) continue
    places.set(place, folder)
    for (const needed of Object.keys(manifestOf(folder).dependencies ?? {})) waiting.push([needed, folder])
  }
  return places
}

const isNeeded = (file) => !/(\.map|\.d\.[mc]?ts|\.tsbuildinfo|\.md)$/.test(file)

const [destination, node, ...others] = process.argv.slice(2)
if (destination === undefined || others.length > 0) {
  console.error('usage: pack-check.mjs DESTDIR [NODE]')
  process.exit(2)
}
const library = path.join(destination, 'usr/lib/basedrift/check')
for (const [place, folder] of closure()) {
  const own = place.startsWith('node_modules/@basedrift/')
  const parts = own ? ['package.json', 'dist', 'bin'] : ['.']
  for (const part of parts.filter((name) => existsSync(path.join(folder, name)))) {
    const options = { recursive: true, dereference: true, filter: isNeeded }
    cpSync(path.join(folder, part), path.join(library, place, part), options)
  }
}
cpSync(path.join(here, 'judge.mjs'), path.join(library, 'judge.mjs'))
cpSync(path.join(root, 'LICENSE'), path.join(library, 'LICENSE'))
if (node !== undefined) {
  cpSync(node, path.join(library, 'node'), { dereference: true })
  chmodSync(path.join(library, 'node'), 0o755)
}
// obs-build runs the one folder after builds of RPMs, the other after every build.
for (const [folder, script] of [
  ['usr/lib/build/checks', '60-check-btf'],
  ['usr/lib/build/post-build-checks', '60-check-btf-deb'],
]) {
  mkdirSync(path.join(destination, folder), { recursive: true })
  const target = path.join(destination, folder, script)
  cpSync(path.join(here, '60-check-btf'), target)
  chmodSync(target, 0o755)
}
