export { Bundle, openBundle } from './bundle/bundle.js'
export {
  type BundleEntry,
  type BundleFile,
  type BundleModule,
  BundleWriter,
  writeBundle,
} from './bundle/writer.js'
export { CheckError, type CheckErrorCode, checkErrorCodes } from './errors.js'
export { type ComparisonParts, comparisonKey, moduleSetId, sha256Of } from './keys.js'
export { byFile, type ManifestEntry } from './manifest.js'
export * from './pure/index.js'
export { decodeRows, encodeRows } from './rows/codec.js'
export type { RowSubject } from './rows/row.js'
