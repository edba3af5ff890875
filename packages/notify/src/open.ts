import { readFileSync } from 'node:fs'
import { NotifyError } from './errors.js'
import { createKeyring, type Keyring } from './keyring.js'
import { createNet, type Net } from './net/net.js'
import { checkBaseUrl } from './text/entries.js'

/** What an operator sets of channels. */
export interface NotifySettings {
  /** `ID:KEY` pairs: `createKeyring` says how. */
  secretKeys: string
  /** Where readers of messages reach the service: its links start with it. */
  publicUrl: string
  /** As `NetPolicy` has them. */
  allowHosts?: readonly string[]
  allowInsecure?: boolean
  /** A file with certificates of authorities, in PEM. */
  caFile?: string | undefined
}

/** What sending to channels takes. */
export interface Sending {
  readonly keyring: Keyring
  readonly net: Net
  readonly baseUrl: string
  /** Reads the keys anew where they are in a file, before secrets are sealed with the newest. */
  readonly renewKeys?: () => void
}

/**
 * Makes what sending takes from what the operator set, and refuses what cannot be used before anything is sent.
 * @throws NotifyError `secret-keys-invalid`, `base-url-invalid`, `allow-hosts-invalid`, `ca-unreadable`
 */
export function openSending(settings: NotifySettings): Sending {
  const { secretKeys, publicUrl, allowHosts = [], allowInsecure = false, caFile } = settings
  const ca = caFile === undefined ? {} : { ca: readCa(caFile) }
  return {
    keyring: createKeyring(secretKeys),
    net: netOf({ allowHosts, allowInsecure, ...ca }),
    baseUrl: checkBaseUrl(publicUrl),
  }
}

function netOf(policy: Parameters<typeof createNet>[0]): Net {
  try {
    return createNet(policy)
  } catch (error) {
    if (error instanceof RangeError) throw new NotifyError('allow-hosts-invalid', `${error.message}.`)
    throw error
  }
}

function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new NotifyError('ca-unreadable', undefined, { cause: error })
  }
}
