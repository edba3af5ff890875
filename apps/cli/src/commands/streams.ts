import type { Command } from 'commander'
import { addShowOptions, openShow, type ShowOptions } from '../client/show.js'
import { wholeList } from '../client/whole.js'
import { exitCodes } from '../exit.js'

/** `basedrift streams`: the streams that are recorded, by name. */
export function addStreams(program: Command, ended: (code: number) => void): void {
  const command = program.command('streams').description('list the streams that builds were declared in')
  addShowOptions(command).action(async (options: ShowOptions) => {
    const { client, show } = await openShow(options)
    const items = await wholeList((page) => client.listStreams(page))
    const { printable } = await import('../output/printable.js')
    await show({ items, next: null }, () =>
      items.length === 0
        ? 'There are no streams yet: the first build of one makes it.\n'
        : items.map((stream) => `${printable(stream.name)}\n`).join(''),
    )
    ended(exitCodes.ok)
  })
}
