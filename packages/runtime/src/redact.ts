/** What stands where a secret was. */
export const redacted = '[redacted]'

/** Fields that hold a secret wherever they are in what is logged, in the spelling of JSON. */
const secretFields =
  /("(?:authorization|proxy-authorization|cookie|set-cookie|x-api-key|[a-z]*token|password|pwd|secret|secretaccesskey|webhook(?:_?url)?)"\s*:\s*)(?:"(?:[^"\\]|\\.)*"|\[(?:"(?:[^"\\]|\\.)*",?)*\]|-?\d[\d.e+-]*)/gi

/** The password of a URL; the user name stays. */
const urlPassword = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@"\\]*:)[^\s/@"\\]+@/gi

/** Access tokens as headers and command lines carry them. */
const bearer = /\b((?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{8,}/gi

/** Access tokens of this service, wherever they stand; what is left tells which it was. */
const ownToken = /\b(bdt_[0-9a-f]{8})[0-9a-f]*_[A-Za-z0-9_-]{20,}/g

/** Query parameters that are secrets. */
const query = /([?&](?:access_token|token|key|sig|signature|password|X-Amz-[A-Za-z]+)=)[^&\s"\\#]+/gi

/** Addresses whose path is itself the secret: incoming webhooks of chats. */
const webhook =
  /(https?:\/\/(?:hooks\.slack\.com\/[a-z]+|(?:[a-z0-9-]+\.)?discord(?:app)?\.com\/api\/webhooks|[a-z0-9.-]+\.(?:webhook\.)?office\.com\/webhookb2|chat\.googleapis\.com\/v1\/spaces|[a-z0-9.-]+\/hooks|api\.telegram\.org\/bot)[/]?)[^\s"\\]+/gi

/** Keys that webhooks are signed with (Standard Webhooks): those that are not public. */
const signingKey = /\bwh(?:sec|sk)_[A-Za-z0-9+/=_-]+/g

/** A text, or a line of JSON, without passwords, tokens and webhook addresses. It stays JSON if it was. */
export function redact(text: string): string {
  return text
    .replace(ownToken, `$1_${redacted}`)
    .replace(secretFields, `$1"${redacted}"`)
    .replace(urlPassword, `$1${redacted}@`)
    .replace(bearer, `$1${redacted}`)
    .replace(webhook, `$1${redacted}`)
    .replace(query, `$1${redacted}`)
    .replace(signingKey, redacted)
}
