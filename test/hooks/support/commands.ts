import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Whether a command is on this machine; `argument` is one by which it only says what it is. */
export const has = (command: string, argument = '--version') =>
  run(command, [argument]).then(
    () => true,
    () => false,
  )

/** Whether there is what the script for any CI needs. */
export const hasCiCommands = async () =>
  (await has('curl')) && (await has('jq')) && (await has('openssl', 'version'))
