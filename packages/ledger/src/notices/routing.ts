import { type ChannelMode, type Notice, severities } from '@basedrift/contract'
import { globGrammars, globTest } from '../globs.js'
import type { Route } from './rows.js'

/**
 * Whether a channel is told of an event: one of its routes fits. An event about no stream fits where the stream does not matter. That
 * a gate passes again is told to whoever was told that it failed, however little it matters by itself.
 */
export function isTold(routes: readonly Route[], notice: Notice): boolean {
  const { kind, stream } = notice
  const severity = notice.kind === 'gate' ? 'critical' : notice.severity
  const least = (route: Route) => severities.indexOf(severity) >= severities.indexOf(route.minSeverity)
  return routes.some(
    (route) =>
      least(route) &&
      (route.kinds.length === 0 || route.kinds.includes(kind)) &&
      (stream === null ? route.stream === '*' : globTest(route.stream, globGrammars.routes)(stream)),
  )
}

/** When a digest that begins now is sent: at the next full hour, or at midnight, UTC. At once where there is none. */
export function digestEnd(mode: ChannelMode, now: Date): Date {
  const end = new Date(now)
  if (mode === 'hourly') end.setUTCHours(now.getUTCHours() + 1, 0, 0, 0)
  if (mode === 'daily') end.setUTCHours(24, 0, 0, 0)
  return end
}
