import { hostname, userInfo } from 'node:os'

/** Who runs this, for a record of the service: `anna@build7`. */
export function whoRuns(): string {
  let user = ''
  try {
    user = userInfo().username
  } catch {
    // A user without an entry in the password file.
    user = String(process.getuid?.() ?? 'somebody')
  }
  const text = `${user}@${hostname()}`.replace(/[\p{Cc}\p{Cs}]/gu, '').slice(0, 128)
  return text === '' ? 'somebody' : text
}
