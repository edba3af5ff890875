import { CliError } from '../errors.js'

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** A parser for an option that takes a time: seconds, or a number with s, m, h or d. Gives seconds; anything else is bad usage. */
export function duration(option: string, most: number): (text: string) => number {
  return (text) => {
    const [, digits = '', unit = 's'] = /^(\d{1,7})([smhd])?$/.exec(text) ?? []
    const seconds = digits === '' ? Number.NaN : Number(digits) * (units[unit] ?? 1)
    if (seconds <= most) return seconds
    throw new CliError('usage', `"${text}" is no time such as 90s or 10m, or is too long.`, option)
  }
}
