/** What each `NotifyError.code` means, and what to do about it. Outcomes of deliveries carry the same codes. */
export const notifyErrorCodes = {
  'address-refused':
    'The host is, or leads to, an address that is not public. Name another one, or let the operator allow this host.',
  'url-invalid':
    'The URL cannot be used: give an https URL with a host, without user, password or fragment, on a port that is allowed.',
  'host-unresolved': 'The name of the host leads nowhere at the moment.',
  'connection-failed':
    'The other side cannot be reached, ended the connection, or has a certificate that does not hold.',
  'timed-out': 'The other side did not answer in time.',
  redirected:
    'The other side answered with a redirect, which is not followed: change the URL of the channel.',
  'answer-refused': 'The other side refuses the message: its answer says why.',
  'answer-busy': 'The other side asks for patience or has a problem of its own; it is tried again.',
  'channel-gone': 'The other side says that the channel is no more (410): the channel is switched off.',
  'smtp-insecure':
    'The SMTP server offers no STARTTLS, or mail in the clear is not allowed by the operator. Use `starttls` or `tls`.',
  'target-invalid': 'The target of the channel does not fit its kind.',
  'message-invalid': 'The message was made for another kind of channel, or has an id that cannot be used.',
  'allow-hosts-invalid':
    'BASEDRIFT_CHAT_ALLOW_HOSTS must be names, *.NAME, addresses or ranges, with commas between them.',
  'ca-unreadable': 'The file of BASEDRIFT_CHAT_CA_FILE cannot be read.',
  'base-url-invalid': 'The base URL for links must be an http or https URL without user, query or fragment.',
  'signing-key-invalid':
    'A signing key must be whsec_ with 24 to 64 bytes, or whsk_ or whpk_ with an ed25519 key, in base64.',
  'signature-invalid': 'No signature of the message is by a key that is known.',
  'signature-expired': 'The time stamp of the message is more than five minutes off.',
  'secret-keys-invalid':
    'BASEDRIFT_SECRET_KEYS must be ID:KEY pairs with commas between them, each KEY 32 bytes in base64, none twice.',
  'secret-key-unknown':
    'A secret was sealed with a key that is not among BASEDRIFT_SECRET_KEYS: add that key again.',
  'secret-broken': 'A sealed secret was changed, or belongs to another channel: set it again.',
} as const

/** One of the codes above: stable. */
export type NotifyErrorCode = keyof typeof notifyErrorCodes

/** An error of this package, with a stable code, and without secrets or URLs in its message. */
export class NotifyError extends Error {
  readonly code: NotifyErrorCode

  /** `message` says what and where; without it the code's own sentence stands. */
  constructor(code: NotifyErrorCode, message: string = notifyErrorCodes[code], options?: ErrorOptions) {
    super(message, options)
    this.name = 'NotifyError'
    this.code = code
  }
}
