import type { Command } from 'commander'
import { addServerOptions, openClient, type ServerOptions } from '../client/server.js'
import { exitCodes } from '../exit.js'
import { parseFormats, repeated } from '../output/formats.js'
import { wholeNumber } from '../output/numbers.js'

interface AuditOptions extends ServerOptions {
  readonly by?: string
  readonly limit: number
  readonly format?: string[]
}

/** Most entries that one call gives. */
const largestPage = 500

/** `basedrift audit`: who wrote what, refused writes too. */
export function addAudit(program: Command, ended: (code: number) => void): void {
  const command = program
    .command('audit')
    .description('show the audit log, the latest first: every write that a token asked for, refused ones too')
    .option('--by <name>', 'only of the token with this name')
    .option('--limit <n>', `how many (1 to ${largestPage})`, wholeNumber('--limit', 1, largestPage), 50)
    .option('--format <format>', 'table or json, with =FILE to write to a file; repeatable', repeated)
  addServerOptions(command).action(async (options: AuditOptions) => {
    const choices = parseFormats(options.format ?? [], ['table', 'json'])
    const client = await openClient(options)
    const { by, limit } = options
    const page = await client.listAudit({ by, limit })
    const { auditTable } = await import('../format/audit-table.js')
    const { tableOptionsFor } = await import('../format/table-options.js')
    const { json, writeResult } = await import('../output/write.js')
    await writeResult(choices, (format, to) =>
      format === 'json' ? json(page) : auditTable(page.items, tableOptionsFor(to)),
    )
    ended(exitCodes.ok)
  })
}
