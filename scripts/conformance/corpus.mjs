import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { decompressBytes, findTools } from '@basedrift/artifacts'
import { parseVersion, prepareBase } from '@basedrift/btf'
import { extract } from 'tar-stream'

/** What a base or an archive of modules may unpack to. */
const mostBytes = 2 ** 30

/** The folder or a file of it cannot be read: nothing can be said. */
export class UnreadableError extends Error {}

/** Runs `read`, and says which file it was where that fails. */
async function reading(file, read) {
  try {
    return await read()
  } catch (error) {
    throw new UnreadableError(`${file}: ${error.message}`)
  }
}

export const fromHex = (hex) => Uint8Array.from(Buffer.from(hex, 'hex'))

/** A folder of recorded cases, with the bases and modules that they name; each is read once. */
export class Corpus {
  #folder
  #tools = findTools()
  #bases = new Map()
  #modules = { file: null, members: new Map() }
  /** Rules that a header gave for a kernel of `kernels/`. */
  #rules = new Map()

  constructor(folder) {
    this.#folder = folder
  }

  /** The header and the cases of one file. */
  async cases(file) {
    return await reading(path.join(this.#folder, file), () => {
      const text = gunzipSync(readFileSync(path.join(this.#folder, file))).toString('utf8')
      const [first, ...cases] = text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line))
      if (first?.header === undefined) throw new Error('its first line has no header')
      const { header } = first
      if (header.running !== undefined && header.rules !== undefined) {
        for (const kernel of [header.running, header.origin]) {
          if (kernel?.endsWith(baseEnd)) this.#rules.set(kernel.slice(0, -baseEnd.length), header.rules)
        }
      }
      return { header, cases }
    })
  }

  /** A base given as hex or as a file: `{ running, sha256 }`. */
  async base(given) {
    const known = this.#bases.get(given)
    if (known !== undefined) return known
    const bytes = isHex(given) ? fromHex(given) : await this.#unpacked(given)
    const base = { running: prepareBase(bytes), sha256: createHash('sha256').update(bytes).digest('hex') }
    this.#bases.set(given, base)
    return base
  }

  /** The modules of a tar: by name `{ name, btf, distilled }`. */
  async modules(file) {
    if (this.#modules.file === file) return this.#modules.members
    const packed = await this.#unpacked(file)
    const members = new Map()
    await reading(path.join(this.#folder, file), async () => {
      const archive = extract()
      archive.end(packed)
      for await (const member of archive) {
        // A member that is not read to its end holds up the next one.
        const bytes = new Uint8Array(await buffer(member))
        const match = /([^/]+)\.(btf|base)$/.exec(member.header.name)
        if (match === null) continue
        const [, name, kind] = match
        const module = members.get(name) ?? { name, btf: null, distilled: null }
        members.set(name, kind === 'btf' ? { ...module, btf: bytes } : { ...module, distilled: bytes })
      }
    })
    this.#modules = { file, members }
    return members
  }

  /** Each X, with its folder, for which there are both a base and modules. */
  kernelsWithModules() {
    const folder = path.join(this.#folder, 'kernels')
    if (!existsSync(folder)) return []
    return readdirSync(folder)
      .filter((name) => name.endsWith(modulesEnd))
      .map((name) => `kernels/${name.slice(0, -modulesEnd.length)}`)
      .filter((kernel) => existsSync(path.join(this.#folder, kernel + baseEnd)))
      .sort()
  }

  baseOf(kernel) {
    return this.base(kernel + baseEnd)
  }

  modulesOf(kernel) {
    return this.modules(kernel + modulesEnd)
  }

  /** The rules of a kernel: those of a header that names it, else by the version in its name. */
  rulesOf(kernel) {
    const given = this.#rules.get(kernel)
    if (given !== undefined) return given
    const { major, minor } = parseVersion(path.basename(kernel))
    return { version: `${major}.${minor}`, allowBtfMismatch: false }
  }

  async #unpacked(file) {
    const place = path.join(this.#folder, file)
    return await reading(place, async () => {
      const tools = await this.#tools
      return await decompressBytes('zstd', readFileSync(place), mostBytes, 0, { tools })
    })
  }
}

const baseEnd = '.base.btf.zst'
const modulesEnd = '.modules.tar.zst'
const isHex = (text) => /^(?:[0-9a-f]{2})*$/.test(text)
