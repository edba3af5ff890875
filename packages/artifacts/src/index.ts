export * from './bytes/index.js'
export {
  type CodecOptions,
  decompressBytes,
  decompressStream,
  findTools,
  noTools,
  type Tools,
} from './codec/index.js'
export { type Limits, limits } from './limits.js'
export { type Input, type ScanOptions, scan } from './scan/index.js'
export { type Interest, interestOf } from './scan/interest.js'
export type { RawRole } from './scan/raw-btf.js'
