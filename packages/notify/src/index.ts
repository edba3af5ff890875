export type { Attempt } from './adapters/adapter.js'
export { checkTarget, deliver, hostOf, renderFor } from './deliver.js'
export { NotifyError, type NotifyErrorCode, notifyErrorCodes } from './errors.js'
export { createKeyring, type Keyring, resealAll } from './keyring.js'
export type { Message } from './message.js'
export { createNet, type Net, type NetPolicy, type Resolver } from './net/net.js'
export { type NotifySettings, openSending, type Sending } from './open.js'
export type { Outcome } from './outcome.js'
export { longestWaitSeconds, nextAttempt, retryAfter, retrySeconds } from './retry.js'
export {
  isSigningKey,
  newKeyPair,
  newSharedKey,
  publicKeyOf,
  type SignedHeaders,
  signMessage,
  toleranceSeconds,
  verifyMessage,
} from './signing.js'
