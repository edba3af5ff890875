import type { DriftReport } from '@basedrift/check'
import type { Client } from '@basedrift/contract'
import type { Command } from 'commander'
import { addServerOptions, openClient, type ServerOptions } from '../client/server.js'
import { limitOption } from '../client/show.js'
import { CliError } from '../errors.js'
import { exitCodes } from '../exit.js'
import { type FormatChoice, parseFormats, repeated } from '../output/formats.js'

interface DriftsOptions extends ServerOptions {
  readonly stream?: string
  readonly limit: number
  readonly format?: string[]
}

type Format = 'table' | 'json' | 'html'

/** `basedrift drifts`: what drifted between the kernel builds of a stream, or one drift in full. */
export function addDrifts(program: Command, ended: (code: number) => void): void {
  const command = program
    .command('drifts')
    .description('show what drifted from kernel build to kernel build of a stream, or one drift in full')
    .argument('[drift]', 'the id of one drift')
    .option('--stream <name>', 'the drifts of this stream, the latest first')
    .addOption(limitOption())
    .option(
      '--format <format>',
      'table or json, and html for one drift, with =FILE to write to a file; repeatable',
      repeated,
    )
  addServerOptions(command).action(async (id: string | undefined, options: DriftsOptions) => {
    const { stream, limit } = options
    if ((id === undefined) === (stream === undefined))
      throw new CliError('usage', 'Give the id of one drift, or --stream for those of a stream.')
    const client = await openClient(options)
    if (id === undefined) {
      const choices = parseFormats<Format>(options.format ?? [], ['table', 'json'])
      await showDrifts(client, { stream: stream as string, limit }, choices)
    } else {
      const choices = parseFormats<Format>(options.format ?? [], ['table', 'json', 'html'])
      await showDrift(client, id, choices)
    }
    ended(exitCodes.ok)
  })
}

async function showDrifts(
  client: Client,
  query: { stream: string; limit: number },
  choices: readonly FormatChoice<Format>[],
): Promise<void> {
  const page = await client.listDrifts(query)
  const { driftsTable } = await import('../format/drifts-table.js')
  const { tableOptionsFor } = await import('../format/table-options.js')
  const { json, writeResult } = await import('../output/write.js')
  await writeResult(choices, (format, to) =>
    format === 'json' ? json(page) : driftsTable(page.items, tableOptionsFor(to)),
  )
}

async function showDrift(
  client: Client,
  id: string,
  choices: readonly FormatChoice<Format>[],
): Promise<void> {
  const drift = await client.drift(id)
  const report = drift.report as DriftReport | null
  const { driftHtml } = await import('../format/drift-html.js')
  const { driftTable } = await import('../format/drift-table.js')
  const { driftsTable } = await import('../format/drifts-table.js')
  const { tableOptionsFor } = await import('../format/table-options.js')
  const { json, writeResult } = await import('../output/write.js')
  await writeResult(choices, (format, to) => {
    if (format === 'json') return json(drift)
    if (report === null) return driftsTable([drift], tableOptionsFor(to))
    return format === 'html' ? driftHtml(report) : driftTable(report, tableOptionsFor(to))
  })
}
