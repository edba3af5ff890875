import Type from 'typebox'
import { versionReleasePattern } from '../version-release.js'

const word = '[A-Za-z0-9_][A-Za-z0-9._:+~@=,-]*'

/** Name of a stream: words of letters, digits and `._:+~@=,-`, separated by slashes. */
export const StreamName = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: `^${word}(/${word}){0,7}$`,
  description:
    'One line of builds: product or repository, arch, flavor. In a path it is one percent-encoded segment.',
  examples: ['openSUSE:Factory/x86_64/default'],
})

/** Version of a build, as its package has it. */
export const Version = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: '^[A-Za-z0-9][A-Za-z0-9._+~^:-]*$',
  examples: ['5.15.12'],
})

/** Release of a build, as its package has it: no `-` in it. */
export const Release = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: '^[A-Za-z0-9][A-Za-z0-9._+~^:]*$',
  examples: ['1.3'],
})

/** `version-release`, split at the last `-`. */
export const VersionRelease = Type.String({
  minLength: 3,
  maxLength: 257,
  pattern: versionReleasePattern,
  description: 'Version and release, split at the last `-`',
  examples: ['5.15.12-1.3'],
})

/** Name of an uploaded file, without a folder. */
export const Filename = Type.String({
  minLength: 1,
  maxLength: 255,
  pattern: '^[A-Za-z0-9_+][A-Za-z0-9._+~^:@%=,()-]*$',
  description: 'Name of the file as the build made it, without a folder',
  examples: ['kernel-default-5.15.12-1.3.x86_64.rpm'],
})

/** Name of a module, as it stands in a file. It is data: any characters but control characters. */
export const ModuleName = Type.String({
  minLength: 1,
  maxLength: 256,
  pattern: '^[^\\u0000-\\u001f\\u007f]+$',
  description: 'Name of the module as the kernel has it, `_` for `-`',
})
