import { type Btf, BtfError, readBtf } from '@basedrift/btf'

/** A BTF of either kind, as tools read it; null where it cannot be read, which a kernel may yet take. */
export function readable(bytes: Uint8Array): Btf | null {
  try {
    return readBtf(bytes)
  } catch (error) {
    if (error instanceof BtfError) return null
    throw error
  }
}
