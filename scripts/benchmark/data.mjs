// The two newest builds of Debian's 6.1 amd64 kernel: as packages, and as raw BTF.
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { scan } from '@basedrift/artifacts'
import { downloadPackages, openApt, searchPackages } from '../lib/apt.mjs'

const pattern = '^linux-image-6\\.1\\.0-[0-9]+-amd64-unsigned$'

/** Packages of those builds that `choose` takes from the names of all, which are in their order; downloaded once. */
const packages = async (cache, choose) => {
  const apt = await openApt(path.join(cache, 'apt'), pattern)
  if (apt === null)
    throw new Error(
      'apt-unavailable: the bench needs apt and Debian packages of linux-image-6.1.0-*-amd64-unsigned',
    )
  const names = choose(await searchPackages(apt, pattern))
  return downloadPackages(apt, names, path.join(cache, 'debs'))
}

/** The packages of the oldest build that there is, whose symbols have other versions, and of the two newest. */
export const distantPackages = (cache) =>
  packages(cache, (names) => names.filter((_, nth) => nth === 0 || nth >= names.length - 2))

/** Two builds, older first: `{ deb, base, modules }`, a package, a raw base BTF and a folder of raw split BTF. */
export const twoBuilds = async (cache) => {
  const debs = await packages(cache, (names) => names.slice(-2))
  const builds = []
  for (const deb of debs)
    builds.push({ deb, ...(await rawBtf(deb, path.join(cache, 'bench', path.basename(deb, '.deb')))) })
  return builds
}

const rawBtf = async (deb, folder) => {
  const base = path.join(folder, 'vmlinux.btf')
  const modules = path.join(folder, 'modules')
  if (existsSync(folder)) return { base, modules }
  const staging = `${folder}.partial`
  rmSync(staging, { recursive: true, force: true })
  mkdirSync(path.join(staging, 'modules'), { recursive: true })
  for await (const facts of scan({ path: deb })) {
    if (facts.type === 'kernel' && facts.btf !== null)
      writeFileSync(path.join(staging, 'vmlinux.btf'), facts.btf)
    if (facts.type === 'module' && facts.btf !== null)
      writeFileSync(
        path.join(staging, 'modules', `${path.basename(facts.file).split('.')[0]}.btf`),
        facts.btf,
      )
  }
  renameSync(staging, folder)
  return { base, modules }
}
