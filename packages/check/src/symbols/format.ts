/**
 * The symbols of a build, in two files of one form: what its modules import and export, and what its kernel gives to modules.
 * The 7 bytes `BDSYMBL` and a version, then a Brotli stream. In it, numbers as LEB128: the number of names, then length and bytes of each;
 * for each name the flags (1 byte) and the CRC (4 bytes, where the flags say that there is one) with which it comes first; then the
 * content. A list of symbols is its length and, for each, twice its name's number, plus 1 where flags or CRC are other than those that the
 * name came with first: they follow then. Behind a list of exports stands how many of them are in a namespace, and for each its place in the
 * list and the namespace. Texts are their length and UTF-8.
 *
 * Content of the modules, in the order of the manifest: their number, and for each a byte (`moduleBits`), the size of `struct module` and
 * the ids of `.BTF_ids` as JSON where that says so, the `e_machine` plus 1 or 0, what it lacks (a place in `lackings`), what is known of its
 * terms (0: nothing, 1: it has no license, 2: its license follows; then how many namespaces it imports, and each), imports, the imports with
 * their extended versions where these can be read, and exports.
 *
 * Content of a kernel: a byte (`kernelBits`), its vermagic where that says so, its `e_machine` plus 1 or 0, its exports where that says so,
 * those of its modules, and these themselves: their number plus 1, or 0 where no more is known of them; of each its name, and two lists
 * without namespaces: its exports that others of them import, and what it imports of them.
 */
export const magic = Uint8Array.of(0x42, 0x44, 0x53, 0x59, 0x4d, 0x42, 0x4c)

/** Bytes before the Brotli stream: the magic and the version. */
export const headBytes = magic.length + 1

/**
 * The version of what is written of modules. Nothing is concluded from older ones, which did not tell what could not be read (1) or what a
 * module lacks (2), but for that before.
 */
export const symbolsCodec = 4
/** Had no terms of modules, nor what exports are for: nothing is concluded of that. */
export const termlessModules = 3

/** The version of what is written of a kernel. Of older ones these are read: */
export const providesCodec = 6
/** Did not tell its modules one by one. */
export const modulelessProvides = 5
/** Nor what exports are for. */
export const termlessProvides = 4
/** Had the lines of each Module.symvers behind what the image tells: it is read as far as no name repeats. */
export const joinedProvides = 3

/** In the byte of a module: tables that it has or that cannot be read, and what of it follows. */
export const moduleBits = {
  /** `__versions` */
  basicVersions: 1,
  /** `__kflagstab` */
  flagTable: 2,
  structSize: 4,
  btfIds: 8,
  basicUnreadable: 16,
  extendedVersions: 32,
  extendedUnreadable: 64,
} as const

/** By number: what a module may lack. */
export const lackings = [null, 'symbols', 'this-module'] as const

/** In the byte of a kernel: what of it follows, and of its config whether it is known, and how it is. */
export const kernelBits = {
  vermagic: 1,
  modversionsKnown: 2,
  modversions: 4,
  exports: 8,
  forceLoadKnown: 16,
  forceLoad: 32,
  missingNamespacesKnown: 64,
  missingNamespaces: 128,
} as const
