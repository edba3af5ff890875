import { exitCodes } from './exit.js'
import { run } from './program.js'

let ended = false
// Should nothing be left to do before the command has ended, that is no success.
process.on('beforeExit', () => {
  if (!ended) process.exitCode = exitCodes.error
})
run(process.argv.slice(2)).then((code) => {
  ended = true
  process.exitCode = code
})
