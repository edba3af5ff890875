import type { Document, Schema } from './openapi.mjs'

/** An example that fits a schema of the document; `name` is what it is called where it stands. */
export function exampleOf(document: Document, schema: Schema, name?: string): unknown
