import type { Command } from 'commander'
import { printable } from './output/printable.js'
import { listed } from './output/words.js'

/** The command as it is typed: `basedrift token create`. */
function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`
}

/** What is missing, all of it, with what it is for; commander names the first alone. */
function missingOf(text: string, command: Command): string | null {
  const argument = /^missing required argument '(.+)'$/.exec(text)?.[1]
  if (argument !== undefined) {
    const missing = command.registeredArguments
      .slice(command.args.length)
      .filter(({ required }) => required)
      .map((one) => `${one.name()} (${one.description})`)
    return missing.length === 0 ? null : `Give ${listed(missing)}.`
  }
  if (!/^required option '.+' not specified$/.test(text)) return null
  const missing = command.options.filter(
    (option) => option.mandatory && command.getOptionValue(option.attributeName()) === undefined,
  )
  return missing.length === 0 ? null : `Give ${listed(missing.map(({ flags }) => flags))}.`
}

/** The line for a command line that `command` cannot take: what is wrong with it, and what shows how it should be. */
export function usageLine(text: string, command: Command): string {
  const wrong = text
    .replace(/^error: /, '')
    .trim()
    .replaceAll('\n', ' ')
  const sentence = missingOf(wrong, command) ?? (/[.?)]$/.test(wrong) ? wrong : `${wrong}.`)
  return printable(`basedrift: usage: ${sentence} \`${nameOf(command)} --help\` shows what it takes.`)
}
