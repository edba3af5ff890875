import { type KeyObject, verify } from 'node:crypto'
import { RuntimeError } from '../errors.js'
import { keyidOf, type Signer } from './key.js'

/** A signed payload (DSSE, github.com/secure-systems-lab/dsse, protocol v1.0.2). */
export interface Envelope {
  payloadType: string
  /** Base64. */
  payload: string
  signatures: { keyid: string; sig: string }[]
}

/** What was signed, and by whom. */
export interface Opened {
  payloadType: string
  payload: Buffer
  keyid: string
}

/** Most bytes of an envelope that is opened, and most signatures in it. */
const mostBytes = 16 * 2 ** 20
const mostSignatures = 16

/** What is signed: type and payload, each with its length before it (PAE). */
function preAuth(payloadType: string, payload: Uint8Array): Buffer {
  const type = Buffer.from(payloadType)
  const head = `DSSEv1 ${type.length} ${payloadType} ${payload.length} `
  return Buffer.concat([Buffer.from(head), payload])
}

/** Signs a payload. */
export function sealEnvelope(payloadType: string, payload: Uint8Array, signer: Signer): Envelope {
  const sig = signer.sign(preAuth(payloadType, payload)).toString('base64')
  return {
    payloadType,
    payload: Buffer.from(payload).toString('base64'),
    signatures: [{ keyid: signer.keyid, sig }],
  }
}

const malformed = (why: string) => new RuntimeError('envelope-malformed', `The envelope ${why}.`)

/** The members of an object that has exactly those, each a string unless it is a list. */
function members(value: unknown, names: readonly string[]): Record<string, unknown> {
  const there = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : []
  if (there.length !== names.length || !names.every((name) => there.includes(name)))
    throw malformed(`has not exactly ${names.join(', ')} where they should be`)
  return value as Record<string, unknown>
}

/** Bytes of base64 that has no other way to be written. */
function bytesOf(text: unknown): Buffer {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'base64') : Buffer.alloc(0)
  if (bytes.toString('base64') !== text) throw malformed('has base64 that cannot be read')
  return bytes
}

/**
 * Opens an envelope as it is in a file: its payload, once one of those keys has signed it. Nothing in it is passed over, so any
 * other byte than those that were signed makes it fail.
 * @throws RuntimeError `envelope-malformed`, `signature-invalid`
 */
export function openEnvelope(file: Uint8Array, keys: readonly KeyObject[]): Opened {
  if (file.length > mostBytes) throw malformed(`has more than ${mostBytes} bytes`)
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(file))
  } catch {
    throw malformed('is no JSON')
  }
  const { payloadType, payload: text, signatures } = members(value, ['payloadType', 'payload', 'signatures'])
  if (typeof payloadType !== 'string') throw malformed('has no payload type')
  const payload = bytesOf(text)
  if (!Array.isArray(signatures) || signatures.length === 0 || signatures.length > mostSignatures)
    throw malformed(`has not 1 to ${mostSignatures} signatures`)
  const signed = preAuth(payloadType, payload)
  let by: string | null = null
  for (const signature of signatures) {
    const { keyid, sig } = members(signature, ['keyid', 'sig'])
    const bytes = bytesOf(sig)
    const key = keys.find((one) => keyidOf(one) === keyid)
    if (key === undefined) continue
    if (!verify(null, signed, key, bytes)) throw new RuntimeError('signature-invalid')
    by = keyidOf(key)
  }
  if (by === null)
    throw new RuntimeError('signature-invalid', 'None of its signatures is by a key that was given.')
  return { payloadType, payload, keyid: by }
}
