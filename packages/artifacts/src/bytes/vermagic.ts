import { ascii, cString, Finder } from './binary.js'
import { byteLimits } from './limits.js'

/**
 * The words of VERMAGIC_STRING (include/linux/vermagic.h) after the release, in their order; what an architecture or
 * RANDSTRUCT adds comes last.
 */
const words = /^(?:SMP )?(?:preempt_rt |preempt )?(?:mod_unload )?(?:modversions )?[\w .-]*$/

/**
 * A kernel's own vermagic: the string in its image that starts with its release and has nothing but vermagic's words; at
 * least one of them, as the release alone stands elsewhere too. null where there is none, or where two differ.
 */
export function findVermagic(bytes: Uint8Array, release: string): string | null {
  const start = ascii(`${release} `)
  if (start.length > 255) return null
  const finder = new Finder(start)
  let found: string | null = null
  let at = finder.find(bytes, 0)
  for (let tried = 0; at >= 0 && tried < byteLimits.textCandidates; tried++) {
    // Whatever stands before it ended with a NUL.
    if (at === 0 || bytes[at - 1] === 0) {
      const text = cString(bytes, at, bytes.length, byteLimits.nameBytes)
      if (isVermagic(text.slice(release.length + 1)) && bytes[at + text.length] === 0) {
        if (found !== null && found !== text) return null
        found = text
      }
    }
    at = finder.find(bytes, at + start.length)
  }
  return found
}

function isVermagic(rest: string): boolean {
  return words.test(rest) && /^(?:SMP|preempt|preempt_rt|mod_unload|modversions) /.test(rest)
}
