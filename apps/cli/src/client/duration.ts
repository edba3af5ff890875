import { CliError } from '../errors.js'
import { count } from '../output/words.js'

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** A number of seconds in the largest unit that it is a whole number of. */
function inWords(seconds: number): string {
  const [unit, size] = Object.entries(units)
    .reverse()
    .find(([, size]) => seconds % size === 0) ?? ['s', 1]
  return `${count(seconds / size)}${unit}`
}

/** A parser for an option that takes a time: seconds, or a number with s, m, h or d. Gives seconds; anything else is bad usage. */
export function duration(option: string, most: number): (text: string) => number {
  return (text) => {
    const [, digits = '', unit = 's'] = /^(\d{1,7})([smhd])?$/.exec(text) ?? []
    if (digits === '') {
      throw new CliError(
        'usage',
        `"${text}" is no time: give a number with s, m, h or d, as in 90s or 10m.`,
        option,
      )
    }
    const seconds = Number(digits) * (units[unit] ?? 1)
    if (seconds <= most) return seconds
    throw new CliError('usage', `"${text}" is longer than the most that it may be, ${inWords(most)}.`, option)
  }
}
