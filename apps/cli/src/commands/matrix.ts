import type { Command } from 'commander'
import { addShowOptions, openShow, type ShowOptions } from '../client/show.js'
import { exitCodes } from '../exit.js'

interface MatrixOptions extends ShowOptions {
  readonly stream: string
}

/** `basedrift matrix`: which module build fits which kernel build, with counts per verdict. */
export function addMatrix(program: Command, ended: (code: number) => void): void {
  const command = program
    .command('matrix')
    .description('show which module builds of a stream fit which of its kernel builds')
    .requiredOption('--stream <name>', 'the stream')
  addShowOptions(command).action(async (options: MatrixOptions) => {
    const { client, show } = await openShow(options)
    const { wholeMatrix } = await import('../client/whole.js')
    const matrix = await wholeMatrix(client, options.stream)
    const { matrixTable } = await import('../format/matrix-table.js')
    await show(matrix, (to) => matrixTable(options.stream, matrix, to))
    ended(exitCodes.ok)
  })
}
