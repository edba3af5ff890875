/** A JSON Schema, as far as the document uses it. */
export interface Schema {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  patternProperties?: Record<string, Schema>
  items?: Schema
  minItems?: number
  maxItems?: number
  maxProperties?: number
  minLength?: number
  maxLength?: number
  pattern?: string
  format?: string
  minimum?: number
  maximum?: number
  default?: unknown
  example?: unknown
  examples?: unknown[]
  description?: string
}

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required?: boolean
  description?: string
  example?: unknown
  schema: Schema
}

export interface Operation {
  operationId: string
  summary: string
  description?: string
  tags: string[]
  parameters?: Parameter[]
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> }
  responses: Record<string, { description: string; content?: Record<string, { schema: Schema }> }>
  security?: Record<string, string[]>[]
}

/** The OpenAPI document, as far as it is read here. */
export interface Document {
  openapi: string
  tags: { name: string; description: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

/** An operation with its place. */
export interface Placed {
  method: string
  path: string
  operation: Operation
}

/** Every operation of the document, in its order. `method` is in upper case. */
export function operationsOf(document: Document): Placed[]
/** The error codes of an operation, sorted. */
export function codesOf(operation: Operation): string[]
/** Codes that any of these may end in, sorted. */
export function commonCodes(operations: Placed[]): string[]
/** The schema that a reference stands for. */
export function resolved(document: Document, schema: Schema): Schema
/** The answer of an operation that is no error: its status, media type and schema, null where it has no body. */
export function successOf(operation: Operation): { status: string; media: string; schema: Schema } | null
