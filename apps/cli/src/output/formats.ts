import { CliError } from '../errors.js'
import { type Destination, fileOutput, standardOutput } from './destination.js'

/** One `--format` as it was given: its name, and the file it goes to or null for standard output. */
export interface FormatChoice<Name extends string> {
  readonly name: Name
  readonly path: string | null
}

/**
 * Reads the values of `--format NAME[=FILE]`; none given means the first of `known` on standard output.
 * @throws CliError `usage` for an unknown name, an empty file name, or two formats on standard output
 */
export function parseFormats<Name extends string>(
  values: readonly string[],
  known: readonly [Name, ...Name[]],
): FormatChoice<Name>[] {
  const choices = values.map((value): FormatChoice<Name> => {
    const at = value.indexOf('=')
    const given = at < 0 ? value : value.slice(0, at)
    const name = known.find((candidate) => candidate === given)
    if (name === undefined) {
      throw new CliError(
        'usage',
        `There is no format "${given}" here; the formats are ${known.join(', ')}.`,
        '--format',
      )
    }
    const path = at < 0 ? null : value.slice(at + 1)
    if (path === '') throw new CliError('usage', `The file name after "${value}" is missing.`, '--format')
    return { name, path }
  })
  if (choices.length === 0) return [{ name: known[0], path: null }]
  if (choices.filter(({ path }) => path === null).length > 1) {
    throw new CliError(
      'usage',
      'Two formats cannot share standard output; give one a file, as in json=FILE.',
      '--format',
    )
  }
  return choices
}

/** A format and the open destination that it is written to. */
export interface Output<Name extends string> {
  readonly name: Name
  readonly to: Destination
}

/** Opens the destination of every format that was chosen. */
export function openOutputs<Name extends string>(choices: readonly FormatChoice<Name>[]): Output<Name>[] {
  return choices.map(({ name, path }) => ({ name, to: path === null ? standardOutput() : fileOutput(path) }))
}

/** Collects a repeatable option's values. */
export function repeated(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value]
}
