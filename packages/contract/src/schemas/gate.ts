import Type from 'typebox'

/** Bounds of what people write for a gate: characters, lines, days and entries. */
export const gateLimits = {
  rulesChars: 32_768,
  rules: 1_000,
  patternChars: 256,
  reasonChars: 1_024,
  waiverModules: 500,
  waiverDays: 366,
  waitSeconds: 600,
  /** Modules that are named of each reason; `count` has them all. */
  named: 10,
} as const

/** Why somebody does something, in their words. */
export const Why = Type.String({
  minLength: 3,
  maxLength: gateLimits.reasonChars,
  pattern:
    '^[^\\u0000-\\u0008\\u000b-\\u001f\\u007f\\p{Surrogate}]*\\S[^\\u0000-\\u0008\\u000b-\\u001f\\u007f\\p{Surrogate}]*$',
  description: 'Why, for whoever reads it later',
})

/** How long to wait for an answer other than `unknown`: seconds, or `90s`, `10m`. */
export const GateWait = Type.String({
  pattern: '^([0-9]{1,3}s?|10m|[0-9]m)$',
  description:
    'Wait as long for another answer than `unknown`: seconds, or `90s`, `10m`; ten minutes at most',
  examples: ['10m'],
})
