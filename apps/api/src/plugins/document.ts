import { httpSchemas } from '@basedrift/contract'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { isUnchanged } from '../conditional.js'
import { codesOf } from '../responses.js'
import type { App } from '../types.js'
import { pagePolicy } from './security.js'

const description = [
  'Which module builds are BTF-compatible with which kernel builds, and why not.',
  '',
  'A build hook declares a build, uploads its packages, and seals it. Every write may be repeated: the same again changes',
  'nothing, other content under a name that is taken is refused with 409 and recorded. Errors are problem details (RFC 9457)',
  'with a stable `code`. Lists are paged by cursor.',
].join('\n')

interface Described {
  paths?: Record<string, Record<string, { responses?: Record<string, Answer> }>>
}
interface Answer {
  description: string
  content?: Record<string, { schema?: { properties?: unknown } }>
}

/** The document with the codes of each error answer as an enumeration, for programs. */
function withCodes<D extends object>(document: D): D {
  const { paths = {} } = document as Described
  for (const { responses = {} } of Object.values(paths).flatMap((item) => Object.values(item)))
    for (const { description, content } of Object.values(responses)) {
      const media = content?.['application/problem+json']
      if (media?.schema === undefined) continue
      media.schema = { ...media.schema, properties: { code: { enum: codesOf(description) } } }
    }
  return document
}

/** Makes the OpenAPI document of the routes that are added afterwards, and its page at `/docs`. */
export async function useDocument(app: App): Promise<void> {
  for (const schema of httpSchemas) app.addSchema(schema)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Basedrift',
        version: '1',
        description,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: {
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            description: 'An access token, with the scopes that a call names',
          },
        },
      },
      tags: [
        { name: 'ingest', description: 'What a build hook calls' },
        { name: 'builds', description: 'Streams and builds' },
        { name: 'verdicts', description: 'What fits what, and why not' },
        { name: 'gate', description: 'What is live, and what may be published' },
        { name: 'channels', description: 'Who is told of what happens, and what came of it' },
        { name: 'operation', description: 'What an operator looks at' },
      ],
    },
    // The plugin marks calls by HEAD; ours are calls of their own, not shadows of a GET.
    transform: ({ schema, url }) => {
      const { operationId = '' } = schema as { operationId?: string }
      return { schema: { ...schema, operationId: operationId.replace(/-head$/, '') }, url }
    },
    transformObject: (made) => ('openapiObject' in made ? withCodes(made.openapiObject) : made.swaggerObject),
    refResolver: { buildLocalReference: (json) => String(json.$id) },
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { url: '/v1/openapi.json', validatorUrl: null, docExpansion: 'list', tryItOutEnabled: false },
    staticCSP: pagePolicy,
  })
}

/** Serves the document. It is made once all routes are there. */
export function serveDocument(app: App): void {
  let text: string | undefined
  app.get(
    '/v1/openapi.json',
    { config: { scope: 'open' }, schema: { hide: true } },
    async (request, reply) => {
      text ??= JSON.stringify(app.swagger())
      if (isUnchanged(request, reply, text)) return reply.code(304).send()
      return reply.type('application/json; charset=utf-8').send(text)
    },
  )
  app.get('/', { config: { scope: 'open' }, schema: { hide: true } }, async (_request, reply) =>
    reply.redirect('/docs'),
  )
}
