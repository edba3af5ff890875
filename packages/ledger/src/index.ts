export * from './blobs/types.js'
export * from './errors.js'
export * from './repositories.js'
export * from './rows.js'
