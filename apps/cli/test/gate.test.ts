import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import type { Decision } from '@basedrift/contract'
import { afterEach, describe, expect, it } from 'vitest'
import { isAnswerTo } from '../src/client/gate-answer.js'
import { gateJunit } from '../src/format/gate-junit.js'
import { build, decision, environment, failed, live } from './support/decisions.js'
import { basedrift, type Run } from './support/run.js'
import { tempDir } from './support/temp.js'

describe('what is taken for an answer', () => {
  const question = { build: build.id, environment }

  it('is a decision on this question whose answer follows from its reasons', () => {
    expect(isAnswerTo(question, decision())).toBe(true)
    expect(isAnswerTo(question, failed)).toBe(true)
    for (const other of [
      null,
      'pass',
      {},
      { answer: 'pass' },
      decision({ answer: 'fail' }),
      { ...failed, answer: 'pass' },
      { ...failed, answer: 'unknown' },
      decision({ environment: 'staging' }),
      decision({ build: live }),
      { ...decision(), reasons: undefined },
      { ...decision(), reasons: [{}] },
    ])
      expect(isAnswerTo(question, other)).toBe(false)
  })

  it('may have a reason of a later version, which is no pass', () => {
    const reasons = failed.reasons.map((reason) => ({ ...reason, code: 'of-tomorrow' }))
    expect(isAnswerTo(question, { ...failed, reasons })).toBe(true)
    expect(isAnswerTo(question, { ...failed, reasons, answer: 'pass' })).toBe(false)
    for (const code of ['', 'Two words', 7, null])
      expect(isAnswerTo(question, { ...failed, reasons: [{ ...failed.reasons[0], code }] })).toBe(false)
  })

  it('is nothing with a part that is missing, or is of another kind, whichever it is', () => {
    const parts = Object.keys(failed) as (keyof Decision)[]
    for (const part of parts) {
      const { [part]: _part, ...rest } = failed
      expect([part, isAnswerTo(question, rest)]).toEqual([part, false])
      expect([part, isAnswerTo(question, { ...failed, [part]: Symbol.for(part) })]).toEqual([part, false])
    }
    const told = JSON.stringify(failed)
    for (let length = 0; length < told.length - 1; length++) {
      let answer: unknown
      try {
        answer = JSON.parse(`${told.slice(0, length)}}`)
      } catch {
        continue
      }
      expect(isAnswerTo(question, answer)).toBe(false)
    }
  })
})

describe('basedrift gate', () => {
  const temp = tempDir()
  let server: Server | undefined
  afterEach(() => {
    server?.closeAllConnections()
    server?.close()
    server = undefined
  })

  async function gate(
    listener: RequestListener | null,
    args: string[] = [],
    env: NodeJS.ProcessEnv = {},
  ): Promise<Run> {
    let url = 'http://127.0.0.1:9'
    if (listener !== null) {
      server = createServer(listener)
      await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    }
    const question = ['--build', build.id, '--environment', environment, '--server', url]
    return basedrift(['gate', ...question, ...args], { env })
  }
  const answers =
    (body: string, status = 200, type = 'application/json'): RequestListener =>
    (_request, response) => {
      response.writeHead(status, { 'content-type': type }).end(body)
    }
  const says = (of: Partial<Decision> & object) => answers(JSON.stringify(of))

  it.each([
    ['pass', decision(), 0],
    ['fail', failed, 1],
    ['unknown', decision({ answer: 'unknown', reasons: failed.reasons.slice(1) }), 3],
  ] as const)('ends with its own code where the service says %s', async (_answer, told, code) => {
    const run = await gate(says(told))
    expect(run).toMatchObject({ code, stderr: '' })
  })

  const nonsense: [string, RequestListener | null][] = [
    ['nothing, as it is down', null],
    ['a page', answers('<html>pass</html>', 200, 'text/html')],
    ['half an answer', answers(JSON.stringify(decision()).slice(0, 200))],
    ['an empty answer', answers('')],
    ['another document', answers('{"status":"ok"}')],
    ['a pass with reasons', says({ ...failed, answer: 'pass' })],
    ['a decision on another build', says(decision({ build: live }))],
    ['a word', answers('"pass"')],
    ['a redirection', (_request, response) => void response.writeHead(302, { location: '/login' }).end()],
    ['a failure', answers('{"answer":"pass"}', 500)],
    ['a refusal', answers('{}', 403)],
    [
      'the beginning of an answer, and closes',
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' })
        response.write(JSON.stringify(decision()).slice(0, 100))
        setTimeout(() => response.destroy(), 50)
      },
    ],
  ]
  it.each(nonsense)('fails closed where the service says %s', async (_what, listener) => {
    const junit = path.join(temp.path, 'gate.xml')
    const sarif = path.join(temp.path, 'gate.sarif')
    writeFileSync(junit, gateJunit(decision(), 'http://127.0.0.1:8080'))
    const run = await gate(listener, ['--format', `junit=${junit}`, '--format', `sarif=${sarif}`])
    expect(run.code).toBe(2)
    expect(run.stderr).toMatch(/^basedrift: [a-z-]+: /)
    expect(readFileSync(junit, 'utf8')).toContain('errors="1"')
    expect(JSON.parse(readFileSync(sarif, 'utf8')).runs[0].invocations[0].executionSuccessful).toBe(false)
  })

  it('fails closed where the service takes the question and says nothing', async () => {
    for (const env of [{}, { BASEDRIFT_BREAK_GLASS: 'security fix' }]) {
      const run = await gate(() => undefined, ['--timeout', '1s'], env)
      expect(run.code).toBe('BASEDRIFT_BREAK_GLASS' in env ? 0 : 2)
      expect(run.stderr).toContain('basedrift: server-silent: ')
    }
  })

  it('says its answer in a line also where all reports go to files', async () => {
    const run = await gate(says(failed), ['--format', `junit=${path.join(temp.path, 'only.xml')}`])
    expect(run.code).toBe(1)
    expect(run.stderr).toBe(
      `The gate says fail on example/x86_64/default 5.15.12-1.3 into production; decision ${failed.id}.\n`,
    )
  })

  it('asks again while it waits, also a service that comes back', async () => {
    let asked = 0
    const run = await gate(
      (request, response) => {
        asked++
        expect(request.url).toMatch(/wait=\d+/)
        if (asked === 1) answers('gone', 500)(request, response)
        else if (asked === 2)
          says(decision({ answer: 'unknown', reasons: failed.reasons.slice(1) }))(request, response)
        else says(decision())(request, response)
      },
      ['--wait', '1m'],
    )
    expect([run.code, asked]).toEqual([0, 3])
  })

  it('says why it did not wait, where it was to and nothing that comes changes the answer', async () => {
    const unknown = { ...failed.reasons[1], code: 'environment-unknown' }
    const reasons = [unknown, { ...unknown, code: 'build-pending' }] as Decision['reasons']
    const told = says(decision({ answer: 'unknown', reasons }))
    expect(await gate(told, ['--wait', '1m'])).toMatchObject({
      code: 3,
      stderr: 'Not waited for: no waiting changes environment-unknown.\n',
    })
    expect((await gate(told)).stderr).toBe('')
  })

  it('ends with 0 on a dry run, and has the service record that it was one', async () => {
    let url = ''
    const run = await gate(
      (request, response) => {
        url = request.url ?? ''
        says(failed)(request, response)
      },
      ['--dry-run'],
    )
    expect(run.code).toBe(0)
    expect(run.stderr).toBe('Dry run: without --dry-run this would have ended with 1.\n')
    expect(url).toMatch(/dryRun=true&onBehalfOf=/)
    expect((await gate(answers('<html>'), ['--dry-run'])).code).toBe(2)
  })

  it('breaks the glass where it is told to, loudly, and has that recorded', async () => {
    let recorded: unknown
    const env = { BASEDRIFT_BREAK_GLASS: 'security fix, cannot wait' }
    const run = await gate(
      (request, response) => {
        if (request.method !== 'POST') return says(failed)(request, response)
        let body = ''
        request.on('data', (data) => {
          body += data
        })
        request.on('end', () => {
          recorded = JSON.parse(body)
          const use = { id: 'USE', by: 'ci', onBehalfOf: 'anna@build7' }
          answers(JSON.stringify(use), 201)(request, response)
        })
      },
      [],
      env,
    )
    expect(run.code).toBe(0)
    expect(run.stdout.toString()).toMatch(/^FAIL/)
    expect(run.stderr).toMatch(
      /BREAK GLASS.*said fail.*security fix.*Recorded by the service as USE: anna@build7/s,
    )
    expect(recorded).toMatchObject({
      build: build.id,
      environment,
      decision: failed.id,
      reason: env.BASEDRIFT_BREAK_GLASS,
      onBehalfOf: expect.stringContaining('@'),
    })
    const down = await gate(null, [], env)
    expect(down.code).toBe(0)
    expect(down.stderr).toMatch(/gave no answer.*NOT RECORDED by the service: server-unreachable\n$/s)
    const passes = await gate(says(decision()), [], env)
    expect(passes).toMatchObject({ code: 0, stderr: expect.stringContaining('was not needed') })
  })

  it.each([
    [[], { BASEDRIFT_BREAK_GLASS: '1' }],
    [[], { BASEDRIFT_BREAK_GLASS: 'REASON' }],
    [['--dry-run'], { BASEDRIFT_BREAK_GLASS: 'security fix' }],
    [['--wait', 'long'], {}],
    [['--wait', '2d'], {}],
    [['--format', 'xml'], {}],
  ])('refuses %j with %j', async (args, env) => {
    const run = await gate(says(decision()), args, env)
    expect(run.code).toBe(2)
    expect(run.stderr).toMatch(/^basedrift: usage: /)
  })
})
