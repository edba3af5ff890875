/** How a text is to be marked on a terminal that shows colours. */
export type Tone = 'good' | 'bad' | 'doubtful' | 'faint' | 'strong'

/** Marks texts, or leaves them alone. */
export type Style = (tone: Tone, text: string) => string

const codes: Readonly<Record<Tone, string>> = {
  good: '32',
  bad: '31',
  doubtful: '33',
  faint: '2',
  strong: '1',
}

/** Leaves every text as it is: for files, pipes, and people who set NO_COLOR. */
export const plain: Style = (_tone, text) => text

/** Marks texts with ANSI colours. */
export const coloured: Style = (tone, text) => `\u001b[${codes[tone]}m${text}\u001b[0m`

/** The style for a stream: colours only on a terminal, and not with NO_COLOR (any value but an empty one) or TERM=dumb. */
export function styleFor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): Style {
  const wanted = stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
  return wanted ? coloured : plain
}
