import { expect, it } from 'vitest'
import { artifactKindOf } from '../src/index.js'

it.each([
  [
    'package',
    [
      'kernel-default-5.15.12-1.3.x86_64.rpm',
      'linux-image.deb',
      'vmlinux-1.1',
      'teapot.ko',
      'x.btf',
      'catalog.rpm',
    ],
  ],
  ['config', ['config', 'config-6.1.0-56-cloud-amd64', 'kernel.config']],
  ['symvers', ['Module.symvers', 'symvers-6.1.0.gz', 'Module.symvers.xz']],
  [
    'provenance',
    [
      'provenance.json',
      'kernel.intoto.jsonl',
      'kernel-provenance.json',
      'multiple.intoto.jsonl',
      'a.slsa.json',
    ],
  ],
  ['log', ['_log', 'build.log', 'build.log.gz', 'linux_6.1_amd64.build', 'build-log']],
] as const)('%s is told by name', (kind, names) => {
  for (const name of names) expect([name, artifactKindOf(name)]).toEqual([name, kind])
})
