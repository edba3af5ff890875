/**
 * The version of the engine and of the rules that turn its answers into verdicts. It is part of every comparison's key: it
 * changes whenever a verdict, a basis, an errno, a log line or what a gate reads of `load` can change.
 */
export const ENGINE_VERSION = '0.4.4'
