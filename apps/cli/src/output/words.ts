/** A whole number with a comma every three digits, whatever the locale. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 module`, `4,023 modules`. */
export function counted(value: number, singular: string, plural = `${singular}s`): string {
  return `${count(value)} ${value === 1 ? singular : plural}`
}

/** A time to the minute, in UTC: `2026-11-23 12:40`. */
export function minute(time: string): string {
  return time.slice(0, 16).replace('T', ' ')
}

/** A size in bytes as people read it: `812 B`, `4.4 MB`. */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  let scaled = value / 1000
  let unit = 0
  while (scaled >= 999.95 && unit < units.length - 1) {
    scaled /= 1000
    unit++
  }
  return `${scaled.toFixed(1)} ${units[unit]}`
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('')
  return `${parts.slice(0, -1).join(', ')} and ${parts[parts.length - 1]}`
}
