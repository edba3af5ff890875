import type { Destination } from './destination.js'
import { type FormatChoice, openOutputs } from './formats.js'

/** Writes a result in every format that was chosen; `render` makes the text of one. */
export async function writeResult<Name extends string>(
  choices: readonly FormatChoice<Name>[],
  render: (name: Name, to: Destination) => string | Uint8Array,
): Promise<void> {
  const outputs = openOutputs(choices)
  try {
    for (const { name, to } of outputs) await to.write(render(name, to))
  } finally {
    for (const { to } of outputs) to.close()
  }
}

/** A value as a JSON document for people and programs alike. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
