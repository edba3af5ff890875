import { type Notice, noticeExamples } from '@basedrift/contract'
import fc from 'fast-check'

/** Names that try to be more than names. */
export const hostileNames = [
  '<!channel>',
  '<!here|x>',
  '<@U024BE7LH>',
  '<#C024BE7LR>',
  '<https://evil.example|safe>',
  '&lt;!channel&gt;',
  '@here',
  '@channel',
  '@all',
  '＠all',
  '@user:example.org',
  '#general',
  '#room:example.org',
  '~town-square',
  '[x](javascript:alert(1))',
  '[x](https://evil.example)',
  '![x](https://evil.example/i.png)',
  '<https://evil.example>',
  'https://evil.example/',
  'HTTP://EVIL.EXAMPLE',
  'www.evil.example',
  'mailto:a@evil.example',
  'javascript:alert(1)',
  '</code><b>x</b>',
  '<img src=x onerror=alert(1)>',
  '<a href="https://evil.example">x</a>',
  '"><script>alert(1)</script>',
  '&#60;script&#62;',
  '*bold* _italic_ ~struck~ `code`',
  '**x** __y__',
  '`',
  '``',
  '` @all `',
  '```\n@all\n```',
  '\\`@all\\`',
  '\\',
  '> quote',
  '# heading',
  '- list',
  '| a | b |',
  ':smile:',
  '$x$',
  '{{DATE(2017-02-14T06:00:00Z, SHORT)}}',
  '{{{{x}}}}',
  '<at>all</at>',
  '@{triggerBody()}',
  '\r\nBcc: evil@evil.example',
  '\nSubject: x',
  '\r\n\r\n<html>',
  '\u202egnp.exe',
  '\u2066x\u2069',
  '\u200b@\u200bhere',
  '@\u200dhere',
  'a\u0000b',
  '\u001b[31mred\u001b[0m',
  '\u2028@here',
  '\ud800',
  '\udfff',
  '\ufeff',
  '\u{e0041}',
  'Z̴͉̀́̂̃̄a̴̡̢l̴g̴o̵',
  '=?UTF-8?Q?x?=',
  '.',
  '',
  ' ',
  '\t',
  'x'.repeat(5000),
  '&'.repeat(5000),
  '`'.repeat(300),
  '<'.repeat(300),
  '😀'.repeat(2000),
  '\u0301'.repeat(3000),
  '"\\'.repeat(1000),
]

/** Any name at all, mostly bad ones. */
export const hostile = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...hostileNames) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...hostileNames), fc.constantFrom(...hostileNames))
      .map((both) => both.join('')),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 300 }) },
  {
    weight: 1,
    arbitrary: fc.string({ unit: fc.constantFrom(...'`@#[]()<>&*_~|\\{}:/"\' \n$!.aw'), maxLength: 60 }),
  },
)

/** Fields that hold what a name, a version or a sentence is, as opposed to words and times that a schema holds to a list. */
const named = new Set([
  'stream',
  'version',
  'release',
  'environment',
  'kernel',
  'modules',
  'filename',
  'file',
  'message',
  'author',
  'reason',
  'channel',
  'by',
])

/** An event with bad names in every place where a name can be, though its schema would not let them all in. */
export function withNames(notice: Notice, next: () => string): Notice {
  return JSON.parse(JSON.stringify(notice), (key, value: unknown) =>
    named.has(key) && typeof value === 'string' ? next() : value,
  ) as Notice
}

/** An event of any kind with bad names. */
export const hostileNotice: fc.Arbitrary<Notice> = fc
  .tuple(fc.constantFrom(...noticeExamples), fc.array(hostile, { minLength: 1, maxLength: 12 }))
  .map(([example, names]) => {
    let nth = 0
    return withNames(example, () => names[nth++ % names.length] as string)
  })
