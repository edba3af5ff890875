import { exitCodes } from './exit.js'
import { run } from './program.js'

// Should the program end before its command does, that is no success.
process.exitCode = exitCodes.error
run(process.argv.slice(2)).then((code) => {
  process.exitCode = code
})
