import { afterEach, describe, expect, it, vi } from 'vitest'

import { ask, trust, whenSignedOut } from '@/shared/api/client'
import { act } from '@/shared/api/matters'
import { Problem } from '@/shared/api/problem'

const problem = (status: number, more: object = {}): Response =>
  new Response(
    JSON.stringify({ code: 'room.code', status, detail: 'nein', detail_zh: '不行', detail_en: 'no', ...more }),
    { status, headers: { 'Content-Type': 'application/problem+json', 'Retry-After': '0' } },
  )

function answering(...answers: (Response | Error)[]) {
  const asked: Request[] = []
  vi.stubGlobal('fetch', (request: Request) => {
    asked.push(request)
    const next = answers.shift()
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next)
  })
  return asked
}

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
  trust(null)
})

describe('a request', () => {
  it('brings the language, and the CSRF token only where something changes', async () => {
    trust('secret')
    const asked = answering(Response.json({}), Response.json({}))
    await ask('GET', '/api/v1/terms')
    await ask('POST', '/api/v1/reports', { body: '{}' })
    expect(asked.map((request) => request.headers.get('x-csrf-token'))).toEqual([null, 'secret'])
    expect(asked[0]?.headers.get('accept-language')).toBe('zh')
  })

  it('is sent again only where it changes nothing', async () => {
    vi.useFakeTimers()
    const asked = answering(new TypeError('away'), problem(503), Response.json({ a: 1 }))
    const answer = ask('GET', '/api/v1/terms')
    await vi.runAllTimersAsync()
    expect(await answer).toEqual({ a: 1 })
    expect(asked).toHaveLength(3)
    const once = answering(new TypeError('away'), Response.json({}))
    await expect(ask('POST', '/api/v1/reports', { body: '{}' })).rejects.toMatchObject({ status: 0 })
    expect(once).toHaveLength(1)
  })

  it('that is refused throws what is wrong and what is possible', async () => {
    answering(problem(409, { possible: ['accept'], errors: [{ pointer: '/facts/a', in: 'body', code: 'x', detail: 'so' }] }))
    const error = await ask('POST', '/x', { body: '{}' }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Problem)
    const found = error as Problem
    expect([found.code, found.detail, found.possible]).toEqual(['room.code', '不行', ['accept']])
    expect([found.about('/facts/a'), found.about('/facts/b')]).toEqual(['so', ''])
  })

  it('tells when the session is over', async () => {
    const over = vi.fn()
    whenSignedOut(over)
    answering(problem(401))
    await expect(ask('GET', '/api/v1/cases')).rejects.toMatchObject({ status: 401 })
    expect(over).toHaveBeenCalledOnce()
  })

  it('to act says which version was seen', async () => {
    const asked = answering(Response.json({ id: 7 }))
    await act({ matter: 'order', id: 7, version: 3 }, 'accept', { note: 'x' })
    const [request] = asked
    expect(request?.headers.get('if-match')).toBe('"3"')
    expect(new URL(request?.url ?? '').pathname).toBe('/api/v1/orders/7/actions/accept')
    expect(await request?.json()).toEqual({ facts: { note: 'x' } })
  })
})

it('a bug is not a problem', () => {
  expect(() => Problem.from(new TypeError('bug'))).toThrow(TypeError)
})
