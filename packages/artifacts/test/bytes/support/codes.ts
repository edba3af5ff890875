import { ArtifactError } from '../../../src/bytes/index.js'

/** `CODE AT` of the `ArtifactError` that a call throws; `no error` when it throws none. Other errors pass through. */
export function codeOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    if (error instanceof ArtifactError) return `${error.code} ${error.at}`
    throw error
  }
  return 'no error'
}

/** As `codeOf`, for a promise. */
export async function rejection(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (error instanceof ArtifactError) return `${error.code} ${error.at}`
    throw error
  }
  return 'no error'
}
