/** Every code that this program records itself, with the sentence that says what to do. */
export const workerErrorCodes = {
  'artifact-empty':
    'Nothing in it is compared: no kernel, module, config or symbol versions. Where modules should be, see that they are named *.ko, or .ko with .gz, .xz or .zst.',
  'attempts-exhausted':
    'The message was tried as often as allowed, and each time its worker ended with it; look at the workers, then send it again.',
  'base-unreadable': 'The base BTF of the kernel cannot be read; build the kernel again.',
  'build-empty': 'No artifact of the build holds a kernel or a module; see the problems of each.',
  'delivery-failed':
    'The message could not be made or sent, for a reason of the program; see the log of the worker.',
  'kind-contradicted':
    'Send packages, kernels and modules without `kind` and under their own names, logs plain or as .gz; under a new release.',
  'log-contradicts': 'Send the log of the build that the kernel is of; what its config records stands.',
  'notice-invalid':
    'The event cannot be told of as it was recorded; see the task, and run services of one version.',
  'origin-contradicted': 'Build the modules against the vmlinux that they are for, or say which one that is.',
  'problems-omitted':
    'The artifact has more problems than are recorded; mend those that are, and send it under a new release.',
  'provenance-contradicts': 'Send the provenance of the artifacts that came, or those that it is of.',
  'provenance-malformed':
    'Send in-toto statements as JSON, one document or one a line, bare or in DSSE envelopes.',
} as const

/** A code of `workerErrorCodes`. */
export type WorkerErrorCode = keyof typeof workerErrorCodes
