import helmet from '@fastify/helmet'
import type { App } from '../types.js'

/**
 * Headers that keep answers from being run, framed or guessed at by a browser. Pages with scripts of our own loosen the policy
 * for themselves; no answer allows inline script. Transport security is the business of the proxy that has the certificate.
 */
export async function useSecurityHeaders(app: App): Promise<void> {
  await app.register(helmet, {
    global: true,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: false,
    referrerPolicy: { policy: 'no-referrer' },
  })
}

/** The policy of pages with scripts, styles and images from this service and from nowhere else. */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')
