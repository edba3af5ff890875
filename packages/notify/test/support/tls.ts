import { readFileSync } from 'node:fs'
import path from 'node:path'

const read = (file: string) => readFileSync(path.resolve(import.meta.dirname, '../../testdata', file), 'utf8')

/** An authority, and a certificate for hook.test and mail.test. */
export const tlsFiles = { ca: read('ca.pem'), cert: read('server.pem'), key: read('server.key') }
