import type { BuildRef, BuildState } from '../rows.js'

/** A build enters or leaves an environment, and who says so. */
export interface LiveChange {
  environment: string
  buildId: string
  by: string
}

/** A build that is live in an environment, or was. */
export interface LiveRow {
  environment: string
  stream: string
  build: BuildRef
  state: BuildState
  /** `uname -r` of its kernel, where it has one and that is known. */
  kernelRelease: string | null
  hasKernel: boolean
  hasModules: boolean
  enteredAt: string
  enteredBy: string
  /** Null while it is live. */
  leftAt: string | null
  leftBy: string | null
}

/** An environment, and how many builds are live in it. */
export interface EnvironmentRow {
  name: string
  live: number
}
