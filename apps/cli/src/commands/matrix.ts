import type { Command } from 'commander'
import { addServerOptions, openClient, type ServerOptions } from '../client/server.js'
import { exitCodes } from '../exit.js'
import { parseFormats, repeated } from '../output/formats.js'

interface MatrixOptions extends ServerOptions {
  readonly stream: string
  readonly format?: string[]
}

/** `basedrift matrix`: which module build fits which kernel build, with counts per verdict. */
export function addMatrix(program: Command, ended: (code: number) => void): void {
  const command = program
    .command('matrix')
    .description('show which module builds of a stream fit which of its kernel builds')
    .requiredOption('--stream <name>', 'the stream')
    .option('--format <format>', 'table or json, with =FILE to write to a file; repeatable', repeated)
  addServerOptions(command).action(async (options: MatrixOptions) => {
    const choices = parseFormats(options.format ?? [], ['table', 'json'])
    const client = await openClient(options)
    const { wholeMatrix } = await import('../client/whole.js')
    const matrix = await wholeMatrix(client, options.stream)
    const { matrixTable } = await import('../format/matrix-table.js')
    const { tableOptionsFor } = await import('../format/table-options.js')
    const { json, writeResult } = await import('../output/write.js')
    await writeResult(choices, (name, to) =>
      name === 'json' ? json(matrix) : matrixTable(options.stream, matrix, tableOptionsFor(to)),
    )
    ended(exitCodes.ok)
  })
}
