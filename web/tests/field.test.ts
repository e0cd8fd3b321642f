import { describe, expect, it } from 'vitest'

import { heads, isFinal, nextLook, past, pause, sendable, standing, type ActionWish, type Entry } from '@/field/outbox/model'
import { distance } from '@/field/position/position'
import { arrange, said } from '@/field/tasks/order'
import { project } from '@/field/tasks/projection'

const wish = (action: string): ActionWish => ({
  ...{ sort: 'action', matter: 'order', id: 7, action, label: { zh: action, en: action }, facts: {}, photos: [] },
})

function entry(at: number, more: Partial<Entry> = {}): Entry {
  return {
    ...{ at, key: `k${at}`, person: 'person:1', task: 'order:7', title: { zh: '', en: '' }, made: '', wish: wish('accept') },
    ...{ version: null, state: 'waiting', tries: 0, notBefore: 0, arrived: {}, found: null, status: null, refusal: null },
    ...{ now: null, doneAt: null, after: null, ...more },
  }
}

describe('the outbox', () => {
  it('lets nothing of a task overtake what was done before it', () => {
    const all = [entry(3, { task: 'order:9' }), entry(2), entry(1)]
    expect(heads(all).map((row) => row.at)).toEqual([1, 3])
    expect(sendable(all, 'person:1', 0).map((row) => row.at)).toEqual([1, 3])
    expect(standing(entry(2), all)).toBe('behind')
    expect(standing(entry(1), all)).toBe('waiting')
  })

  it('holds a task behind a refusal, and only that task', () => {
    const all = [entry(1, { state: 'refused' }), entry(2), entry(3, { task: 'order:9' })]
    expect(sendable(all, 'person:1', 0).map((row) => row.at)).toEqual([3])
    expect(nextLook([entry(1, { state: 'refused' }), entry(2)], 'person:1')).toBeNull()
  })

  it('goes on with what was being sent when the app was killed', () => {
    expect(sendable([entry(1, { state: 'sending' })], 'person:1', 0)).toHaveLength(1)
  })

  it('sends nothing of anybody else, and nothing before its time', () => {
    expect(sendable([entry(1)], 'person:2', 0)).toEqual([])
    expect(sendable([entry(1, { notBefore: 50 })], 'person:1', 49)).toEqual([])
    expect(nextLook([entry(1, { notBefore: 50 })], 'person:1')).toBe(50)
  })

  it('tries again what says nothing about the wish itself', () => {
    for (const status of [0, 401, 408, 425, 429, 500, 502, 503]) expect(isFinal(status), String(status)).toBe(false)
    for (const status of [400, 403, 404, 409, 412, 413, 415, 422]) expect(isFinal(status), String(status)).toBe(true)
    const waits = [1, 2, 3, 20].map((tries) => pause(tries, 0.5))
    expect(waits).toEqual([2000, 4000, 8000, 300_000])
  })

  it('keeps the last twenty that arrived', () => {
    const all = Array.from({ length: 25 }, (_, i) => entry(i + 1, { state: 'done' }))
    expect(past(all).map((row) => row.at)).toEqual([5, 4, 3, 2, 1])
  })
})

describe('a task ahead of its answers', () => {
  const rule = (action: string, start: string[], end: string | null, system = false) => ({
    ...{ action, start, end, system, duty: 'handler', waits: [], needs: [], takes: [], article: 'V', label: { zh: action, en: action } },
  })
  const rules = [
    rule('accept', ['issued'], 'accepted'),
    rule('contact', ['issued', 'accepted'], null),
    rule('finish', ['accepted'], 'done'),
    rule('ask_extension', ['accepted'], null),
    rule('recall', ['issued', 'accepted'], 'withdrawn', true),
  ]
  const lifecycle = { matter: 'order', rules, final: ['done', 'withdrawn'] }
  const actions = [rules[0], rules[1]] as never
  const matter = { matter: 'order', state: 'issued', actions }
  const after = (...names: string[]) => {
    const queue = names.map((name, i) => entry(i + 1, { wish: wish(name) }))
    const found = project(matter, queue, lifecycle, ['handler'])
    return [found.state, ...found.actions.map((row) => row.action)]
  }

  it('is as the service says while nothing waits', () => {
    expect(after()).toEqual(['issued', 'accept', 'contact'])
  })

  it('goes on by the procedure, once where once is all', () => {
    expect(after('accept')).toEqual(['accepted', 'contact', 'finish', 'ask_extension'])
    expect(after('accept', 'contact')).toEqual(['accepted', 'finish', 'ask_extension'])
    expect(after('accept', 'finish')).toEqual(['done'])
    expect(after('accept', 'ask_extension')).toEqual(['accepted', 'contact'])
  })

  it('takes no account of what was refused or of what is nobody’s duty here', () => {
    const refused = [entry(1, { state: 'refused' })]
    expect(project(matter, refused, lifecycle, ['handler']).state).toBe('issued')
    expect(project(matter, [entry(1)], lifecycle, ['checker']).actions).toEqual([])
  })
})

describe('where things are', () => {
  const task = (id: number, due: string | null, lon: number | null = null, urgent = false) => ({
    id,
    item: { lon, lat: lon === null ? null : 31.2, due, urgent },
  })
  const here = { lon: 121.4, lat: 31.2 }

  it('is measured on the sphere', () => {
    expect(distance({ lon: 121.4, lat: 31.2 }, { lon: 121.4, lat: 32.2 })).toBeCloseTo(111_195, -1)
    expect(distance(here, here)).toBe(0)
  })

  it('puts what is due first, and what has no limit last', () => {
    const all = [task(1, null), task(2, '2026-03-11T00:00:00Z'), task(3, '2026-03-10T00:00:00Z'), task(4, null, null, true)]
    expect(arrange(all, 'time', null).map((row) => row.id)).toEqual([3, 2, 4, 1])
  })

  it('puts what is near first, and what is nowhere last', () => {
    const all = [task(1, null), task(2, null, 121.5), task(3, null, 121.41)]
    expect(arrange(all, 'distance', here).map((row) => row.id)).toEqual([3, 2, 1])
  })

  it('is said no more exactly than a phone knows', () => {
    const plain = (n: number, digits: number): string => n.toFixed(digits)
    expect([43, 994, 1234, 23_456].map((m) => said(m, plain))).toEqual(['40 m', '990 m', '1.2 km', '23 km'])
  })
})
