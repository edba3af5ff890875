/** Rows of a result as one module a line, and a last line with the summary. */
export function ndjson(modules: readonly object[], summary: object): string {
  const lines = modules.map((module) => JSON.stringify(module))
  lines.push(JSON.stringify({ summary }))
  return `${lines.join('\n')}\n`
}
