// Other programs that read the same bytes: built here from the sources beside this file where the machine can.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { bestOf, cost, have } from './measure.mjs'

const sources = path.join(import.meta.dirname, 'peers')

const build = (command, args, env = {}) =>
  execFileSync(command, args, { stdio: 'pipe', env: { ...process.env, ...env } })

const libbpf = (out) => {
  if (!have('gcc')) throw new Error('no gcc')
  const binary = path.join(out, 'libbpf_parse')
  build('gcc', ['-O2', '-o', binary, path.join(sources, 'libbpf_parse.c'), '-lbpf'])
  return (base, modules) => cost(binary, [base, modules])
}

// cilium/ebpf from a GOPATH: Debian's own, or one that BASEDRIFT_BENCH_GOPATH names (Debian 12's knows no ENUM64).
const cilium = (out) => {
  if (!have('go')) throw new Error('no go')
  const binary = path.join(out, 'cilium_parse')
  build('go', ['build', '-o', binary, path.join(sources, 'cilium_parse.go')], {
    GO111MODULE: 'off',
    GOPATH: process.env.BASEDRIFT_BENCH_GOPATH ?? '/usr/share/gocode',
    GOCACHE: path.join(out, 'gocache'),
  })
  return (base, modules) => cost(binary, [base, modules])
}

const bpftool = () => {
  if (!have('bpftool')) throw new Error('no bpftool')
  const loop = 'for f in "$2"/*.btf; do bpftool btf dump file "$f" -B "$1" >/dev/null 2>&1; done; true'
  return (base, modules) => cost('bash', ['-c', loop, 'bash', base, modules])
}

const lastLine = (error) => `${error.stderr ?? ''}\n${error.message}`.trim().split('\n')[0]

/** Costs of every peer that this machine has, on one base and one folder of modules; the others with the reason. */
export const measurePeers = async (cache, base, modules, { loops }) => {
  const out = path.join(cache, 'bench', 'peers')
  mkdirSync(out, { recursive: true })
  const count = readdirSync(modules).length
  const results = []
  const peers = [
    ['libbpf, parse only', libbpf, 3],
    ['cilium/ebpf, parse only', cilium, 3],
    ...(loops ? [['bpftool btf dump, a process a module', bpftool, 1]] : []),
  ]
  for (const [name, prepare, rounds] of peers) {
    try {
      const run = prepare(out)
      results.push({ name, count, ...(await bestOf(rounds, () => run(base, modules))) })
    } catch (error) {
      results.push({ name, missing: lastLine(error) })
    }
  }
  return results
}
