import { hash } from 'node:crypto'
import type { Blast, ChangedDefinition, DriftReport, DriftSide } from '@basedrift/check'
import { classMeanings } from '@basedrift/check'
import { printable } from '../output/printable.js'
import { count, counted } from '../output/words.js'
import { diffLines, kindsText, movedText, placeText, shiftsText, toolsText } from './drift-words.js'
import { headline } from './verdict-words.js'

/** Text that is HTML already: everything else is escaped. */
class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Part = Html | readonly Html[] | string | number

/** Makes HTML; what is put in is escaped unless it is HTML itself. */
function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let text = strings[0]!
  for (const [index, part] of parts.entries()) text += textOf(part) + strings[index + 1]!
  return new Html(text)
}

function textOf(part: Part): string {
  if (part instanceof Html) return part.text
  if (typeof part === 'object') return part.map(({ text }) => text).join('')
  return escaped(String(part))
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** A text as HTML shows it; what would steer a reader's eye is shown as the terminal shows it. */
function escaped(text: string): string {
  return text
    .split('\n')
    .map((line) => printable(line).replace(/[&<>"']/g, (character) => entities[character]!))
    .join('\n')
}

const css = `
:root { color-scheme: light dark; --text: #1d2129; --faint: #5b6472; --ground: #fff; --box: #f4f6f8; --line: #d8dde3;
  --good: #116329; --good-ground: #e6f6ea; --bad: #b3261e; --bad-ground: #fdecea; }
@media (prefers-color-scheme: dark) { :root { --text: #e3e7ed; --faint: #9aa4b2; --ground: #14171c; --box: #1c2027;
  --line: #343b46; --good: #7ee29a; --good-ground: #12301c; --bad: #ff9d94; --bad-ground: #3a1917; } }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
code, pre, td, summary { font-family: ui-monospace, monospace; font-size: .875rem; }
table { border-collapse: collapse; width: 100%; } th, td { border-bottom: 1px solid var(--line); padding: .25rem .75rem .25rem 0;
  text-align: left; vertical-align: top; } th { color: var(--faint); font-weight: normal; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; } summary { cursor: pointer; padding: .4rem .75rem; }
pre { margin: 0; padding: .5rem .75rem; background: var(--box); overflow-x: auto; overflow-wrap: normal; }
.faint { color: var(--faint); } .good { color: var(--good); } .bad { color: var(--bad); }
ins, del { display: block; text-decoration: none; } ins { background: var(--good-ground); color: var(--good); }
del { background: var(--bad-ground); color: var(--bad); } .box { background: var(--box); border-radius: 6px; padding: .75rem 1rem; }
`

/** A drift as one HTML file: no script, nothing from elsewhere, and a policy that allows neither. */
export function driftHtml(report: DriftReport): string {
  const policy = `default-src 'none'; style-src 'sha256-${hash('sha256', css, 'base64')}'`
  const { hints, remedy } = report
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${report.class}: ${report.a.release ?? report.a.file} → ${report.b.release ?? report.b.file}</title>
<style>${new Html(css)}</style>
</head>
<body>
<h1>${report.headline}</h1>
<p><strong class="${report.class === 'none' ? 'good' : 'bad'}">${report.class}</strong> ${classMeanings[report.class]}</p>
<p class="box">${remedy}</p>
${kernels(report)}
${places(report)}
${changedTypes(report)}
${typesOf('Types that came', report.added)}
${typesOf('Types that went', report.removed)}
${functionsOf(report)}
${blastOf('Modules of A on B', report.blast.ofAOnB)}
${blastOf('Modules of B on A', report.blast.ofBOnA)}
${optionsOf(report)}
${section(
  'What may have caused it',
  hints.map(({ message }) => html`<p>${message}</p>\n`),
)}
<p class="faint">basedrift ${report.engine}</p>
</body>
</html>
`
  return page.text
}

function section(title: string, content: readonly Html[]): Html {
  return content.length === 0 ? html`` : html`<section>\n<h2>${title}</h2>\n${content}</section>`
}

function kernels({ a, b }: DriftReport): Html {
  const row = (name: string, side: DriftSide): Html =>
    html`<tr><th scope="row">${name}</th><td>${side.file}</td><td>${toolsText(
      side,
    )}</td><td>${count(side.base.types)}</td><td>${count(side.base.strings)}</td><td>${side.base.sha256}</td></tr>\n`
  return html`<table>
<thead><tr><th></th><th>file</th><th>release and tools</th><th>types</th><th>strings</th><th>sha256 of the base</th></tr></thead>
<tbody>
${row('A', a)}${row('B', b)}</tbody>
</table>`
}

function places({ class: drift, firstDiverging, shifts, repeated }: DriftReport): Html {
  if (drift === 'none') return html``
  const lines: Html[] = []
  if (firstDiverging !== null) {
    const { id, a, b } = firstDiverging
    lines.push(
      html`<p>The first id that differs is ${id}: <code>${placeText(a)}</code> in A, <code>${placeText(b)}</code> in B.</p>\n`,
    )
  }
  lines.push(html`<p>Moved: ${shiftsText(shifts)}.</p>\n`)
  if (repeated.a !== repeated.b) {
    lines.push(html`<p>${counted(repeated.a, 'repeated type')} in A, ${count(repeated.b)} in B.</p>\n`)
  }
  return section('Where they part', lines)
}

function more(total: number, listed: number): readonly Html[] {
  return total > listed ? [html`<p class="faint">and ${count(total - listed)} more</p>\n`] : []
}

function changedTypes({ changed, reaching }: DriftReport): Html {
  if (changed.total === 0) return html``
  const held = reaching === 0 ? '' : `; ${counted(reaching, 'other')} hold what differs by value`
  return section('Types defined differently', [
    html`<p>${count(changed.total)} (${kindsText(changed.byKind)})${held}</p>\n`,
    ...changed.listed.map((change, index) => changedType(change, index === 0)),
    ...more(changed.total, changed.listed.length),
  ])
}

function changedType({ kind, name, a, b, diff, moved }: ChangedDefinition, open: boolean): Html {
  const title = html`${kind} ${name} <span class="faint">[${a} → ${b}]</span>`
  if (diff === null) return html`<p><code>${title}</code></p>\n`
  const lines = diffLines(diff).map((line) => {
    if (line.startsWith('+')) return html`<ins>${line}</ins>`
    if (line.startsWith('-')) return html`<del>${line}</del>`
    return line.startsWith('@@') ? html`<span class="faint">${line}</span>\n` : html`${line}\n`
  })
  const said = movedText(moved)
  const rest = said === null ? html`` : html`<span class="faint">${said}</span>`
  return html`<details${new Html(open ? ' open' : '')}><summary>${title}</summary><pre>${lines}${rest}</pre></details>\n`
}

function typesOf(title: string, found: DriftReport['added']): Html {
  if (found.total === 0) return html``
  const rows = found.listed.map(
    ({ kind, name, id }) => html`<tr><td>${kind}</td><td>${name}</td><td>${id}</td></tr>\n`,
  )
  return section(title, [
    html`<p>${count(found.total)} (${kindsText(found.byKind)})</p>\n`,
    html`<table><tbody>\n${rows}</tbody></table>\n`,
    ...more(found.total, found.listed.length),
  ])
}

function functionsOf({ functions }: DriftReport): Html {
  const { added, removed, changed } = functions
  const content: Html[] = []
  const list = (found: typeof added, mark: (prototype: string) => Html): void => {
    if (found.total === 0) return
    content.push(html`<pre>${found.listed.map(({ prototype }) => mark(prototype))}</pre>\n`)
    content.push(...more(found.total, found.listed.length))
  }
  list(added, (prototype) => html`<ins>+ ${prototype}</ins>`)
  list(removed, (prototype) => html`<del>- ${prototype}</del>`)
  if (changed.total > 0) {
    const pairs = changed.listed.map(
      ({ a, b }) => html`<del>- ${a.prototype}</del><ins>+ ${b.prototype}</ins>`,
    )
    content.push(
      html`<p>${counted(changed.total, 'function')} with another prototype</p>\n<pre>${pairs}</pre>\n`,
    )
    content.push(...more(changed.total, changed.listed.length))
  }
  const came =
    added.total + removed.total === 0
      ? []
      : [html`<p>${count(added.total)} came, ${count(removed.total)} went</p>\n`]
  return section('Functions', [...came, ...content])
}

function blastOf(title: string, blast: Blast | null): Html {
  if (blast === null) return html``
  const { total, ...counts } = blast.summary
  const { broken } = blast
  const rows = broken.listed.map(
    ({ name, verdict, basis, file }) =>
      html`<tr><td>${name}</td><td>${verdict}</td><td>${basis}</td><td>${file}</td></tr>\n`,
  )
  const table =
    rows.length === 0
      ? []
      : [
          html`<details><summary>${counted(broken.total, 'module')} that break</summary><table><tbody>\n${rows}</tbody></table></details>\n`,
        ]
  return section(title, [
    html`<p>${headline(counts, total)}</p>\n`,
    ...table,
    ...more(broken.total, broken.listed.length),
  ])
}

function optionsOf({ configDifferences: found }: DriftReport): Html {
  if (found === null || found.total === 0) return html``
  const rows = found.listed.map(
    ({ option, a, b }) =>
      html`<tr><td>${option}</td><td>${a ?? 'not set'}</td><td>${b ?? 'not set'}</td></tr>\n`,
  )
  return section('Options that differ', [
    html`<table><tbody>\n${rows}</tbody></table>\n`,
    ...more(found.total, found.listed.length),
  ])
}
