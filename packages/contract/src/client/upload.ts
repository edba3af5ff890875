/** A file to send. `open` is called once an attempt and gives the same bytes each time. */
export interface Upload {
  /** SHA-256, lower-case hex. */
  sha256: string
  /** Bytes. */
  size: number
  open(): AsyncIterable<Uint8Array>
  /** Bytes sent so far; goes back to 0 when the upload starts again. */
  onProgress?: (sent: number) => void
}

/** The `Content-Digest` (RFC 9530) of a SHA-256 in hex. */
export function digestHeader(sha256: string): string {
  const bytes = sha256.match(/../g) ?? []
  return `sha-256=:${btoa(String.fromCharCode(...bytes.map((byte) => Number.parseInt(byte, 16))))}:`
}

/**
 * The bytes of an upload as the body of a request; cancelling it closes the source. So does `over`: `fetch` in Node reads
 * the body of a request that has failed on to its end.
 */
export function bodyOf(upload: Upload, over: AbortSignal): ReadableStream<Uint8Array<ArrayBuffer>> {
  const source = upload.open()[Symbol.asyncIterator]()
  let sent = 0
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        if (over.aborted) {
          await source.return?.()
          controller.error(over.reason)
          return
        }
        const { done, value } = await source.next()
        if (done) {
          controller.close()
          return
        }
        sent += value.byteLength
        controller.enqueue(value as Uint8Array<ArrayBuffer>)
        upload.onProgress?.(sent)
      },
      async cancel() {
        await source.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}
