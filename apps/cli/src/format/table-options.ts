import type { Destination } from '../output/destination.js'
import { printable, wrapped } from '../output/printable.js'
import { type Style, styleFor } from '../output/style.js'

/** How a text for people is to look. */
export interface TableOptions {
  readonly style: Style
  /** Columns that there are. */
  readonly width: number
  /** Whether columns are left out where lines would be longer: a person looks on, and a terminal breaks them anywhere. */
  readonly fit?: boolean
}

/** A sentence in lines: whole where a program may look for it, wrapped where a person looks on. */
export function sentence(text: string, { width, fit }: TableOptions): string[] {
  return fit ? wrapped(text, width) : [printable(text)]
}

/** What fits a destination: colours and the terminal's own width only where a person looks on. */
export function tableOptionsFor(to: Destination, env: NodeJS.ProcessEnv = process.env): TableOptions {
  return { style: styleFor({ isTTY: to.isTerminal }, env), width: to.width, fit: to.isTerminal }
}
