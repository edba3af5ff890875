import type { BuildEvent } from '../schemas/events.js'

/** Most characters of one event; one of a build has a few hundred. */
const eventChars = 64 * 1024

function isBuildEvent(value: unknown): value is BuildEvent {
  if (typeof value !== 'object' || value === null) return false
  const { state, progress } = value as Partial<BuildEvent>
  return typeof state === 'string' && typeof progress === 'object' && progress !== null
}

/**
 * The `build` events of an answer (server-sent events, WHATWG HTML 9.2), as they come. It ends with the answer, where that
 * breaks off, and at what is no event of a build; the answer is let go of when whoever listens stops.
 */
export async function* buildEvents(response: Response): AsyncGenerator<BuildEvent> {
  if (response.body === null || !response.headers.get('content-type')?.startsWith('text/event-stream')) {
    await response.body?.cancel()
    return
  }
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      text += decoder.decode(value, { stream: true })
      const parts = text.split('\n\n')
      text = parts.pop() ?? ''
      if (text.length > eventChars) return
      for (const part of parts) {
        const data = part.split('\n').find((line) => line.startsWith('data: '))
        if (data === undefined) continue
        const event: unknown = JSON.parse(data.slice(6))
        if (!isBuildEvent(event)) return
        yield event
      }
    }
  } catch {
    // The connection broke off, or something else answers at that address: there are other ways to ask.
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
