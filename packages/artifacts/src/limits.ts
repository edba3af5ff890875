/**
 * Every limit on what comes from outside, in one place. They are above what real kernels and packages need and below what
 * hurts; what goes beyond one ends in `limit-exceeded`, for the member alone where that is enough.
 */
export interface Limits {
  /** Bytes of one kernel (vmlinux, vmlinuz, raw base), as it stands in its container and decompressed. */
  readonly kernelBytes: number
  /** Bytes of one module, as it stands in its container and decompressed. */
  readonly moduleBytes: number
  /** Bytes of a config file. */
  readonly configBytes: number
  /** Bytes of a Module.symvers, decompressed. */
  readonly symversBytes: number
  /** Decompressed bytes of a package's payload, or of a compressed tar. */
  readonly payloadBytes: number
  /** Decompressed bytes for one compressed byte, once more than `ratioFreeBytes` have come out. */
  readonly ratio: number
  readonly ratioFreeBytes: number
  /** Containers in containers: a .deb in a tar is two layers. Directories do not count. */
  readonly layers: number
  /** Window of a zstd frame, in bytes. */
  readonly zstdWindowBytes: number
  /** Memory that decoding xz may take, in bytes. */
  readonly xzMemoryBytes: number
  /** Members of one archive, and files below one directory. */
  readonly members: number
  /** Bytes of a member's path. */
  readonly nameBytes: number
  /** Depth of directories below the one that was given. */
  readonly directoryDepth: number
  /** Bytes of a tar's extended header (pax records, GNU long names). */
  readonly tarHeaderBytes: number
  /** Entries in the index of an RPM header, and bytes of its store. */
  readonly rpmIndexEntries: number
  readonly rpmStoreBytes: number
  /** Bytes of BTF that wait for the end of the input: kernels for their config, raw BTFs for their `.base`. */
  readonly heldBytes: number
  /** Wall time of one child process, in milliseconds. */
  readonly childMilliseconds: number
  /** Bytes kept of what a child writes to its standard error. */
  readonly childMessageBytes: number
  /** Compressed modules that are decompressed at the same time, and their compressed bytes together. */
  readonly concurrentModules: number
  readonly concurrentBytes: number
}

const MiB = 2 ** 20

/** The limits that hold unless `ScanOptions.limits` says otherwise. */
export const limits: Limits = {
  kernelBytes: 1024 * MiB,
  moduleBytes: 256 * MiB,
  configBytes: 8 * MiB,
  symversBytes: 64 * MiB,
  payloadBytes: 4096 * MiB,
  ratio: 200,
  ratioFreeBytes: 16 * MiB,
  layers: 2,
  zstdWindowBytes: 2 ** 27,
  xzMemoryBytes: 128 * MiB,
  members: 1_000_000,
  nameBytes: 4096,
  directoryDepth: 64,
  tarHeaderBytes: MiB,
  rpmIndexEntries: 0xffff,
  rpmStoreBytes: 64 * MiB,
  heldBytes: 512 * MiB,
  childMilliseconds: 15 * 60 * 1000,
  childMessageBytes: 4096,
  concurrentModules: 8,
  concurrentBytes: 8 * MiB,
}
