import { CliError } from '../errors.js'

/** A parser for an option that takes a whole number within bounds; anything else is bad usage. */
export function wholeNumber(option: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new CliError('usage', `"${text}" is not a whole number from ${least} to ${most}.`, option)
  }
}
