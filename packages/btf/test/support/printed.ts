import { dumpC } from '../../src/index.js'
import { Types } from '../types.js'

/** What is printed of some types, between what stands at the start and at the end of every dump. */
export function printed(define: (types: Types) => void): string {
  const types = new Types()
  define(types)
  return [...dumpC(types.btf())].slice(1, -1).join('')
}
