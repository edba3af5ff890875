/**
 * Limits of the byte readers: counts and sizes above those of any real kernel or module. Bytes outside these bounds end
 * in `limit-exceeded` or are not looked at, as each reader says.
 */
export const byteLimits = {
  /** Section headers of one ELF file; the largest kernels built with one section per function have some 300,000. */
  elfSections: 1 << 20,
  /** Symbols looked at for the exports of one module. */
  elfSymbols: 1 << 20,
  /** Entries of a module's version tables, and its exports. */
  symbolCrcs: 1 << 16,
  /** Namespaces that one module imports. */
  namespaces: 1 << 10,
  /** Ids of one set of `.BTF_ids`; kernels register 256 kfuncs at most. */
  btfIds: 1 << 12,
  /** Lines of a Module.symvers; a distribution kernel with all its modules has some 30,000. */
  symversLines: 1 << 19,
  /** Bytes of notes that are searched for a build id, and note segments that are. */
  noteBytes: 1 << 20,
  noteSegments: 16,
  /** Bytes of a name read from an artifact: longer ones are cut (the kernel's own limit, KSYM_NAME_LEN, is 512). */
  nameBytes: 1024,
  /** Bytes of a banner or of a setup header's version string. */
  bannerBytes: 1024,
  /** Bytes of a kernel config, as a file or decompressed from IKCONFIG; Debian's largest has 300 kB. */
  configBytes: 8 << 20,
  /** Bytes of a decompressed kernel image. */
  kernelBytes: 1 << 30,
  /** BTF headers of a flat image whose types are walked through, a million types at most each. */
  btfCandidates: 64,
  /** Candidates for a banner or an embedded config that are looked at in an image. */
  textCandidates: 4096,
} as const
