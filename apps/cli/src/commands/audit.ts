import type { Command } from 'commander'
import { addShowOptions, limitOption, openShow, type ShowOptions } from '../client/show.js'
import { exitCodes } from '../exit.js'

interface AuditOptions extends ShowOptions {
  readonly by?: string
  readonly limit: number
}

/** `basedrift audit`: who wrote what, refused writes too. */
export function addAudit(program: Command, ended: (code: number) => void): void {
  const command = program
    .command('audit')
    .description('show the audit log, the latest first: every write that a token asked for, refused ones too')
    .option('--by <name>', 'only of the token with this name')
    .addOption(limitOption())
  addShowOptions(command).action(async (options: AuditOptions) => {
    const { client, show } = await openShow(options)
    const { by, limit } = options
    const page = await client.listAudit({ by, limit })
    const { auditTable } = await import('../format/audit-table.js')
    await show(page, (to) => auditTable(page.items, to))
    ended(exitCodes.ok)
  })
}
