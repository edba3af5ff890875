export { CliError, type CliErrorCode, cliErrorCodes } from './errors.js'
