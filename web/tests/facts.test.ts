import { describe, expect, it } from 'vitest'

import type { Schema } from '@/shared/api/client'
import { blank, factsOf, fieldSort, missing, singles, takesPosition, type FactForm } from '@/shared/forms/facts'
import { setZone } from '@/shared/times/times'

const fact = (name: string, schema: object): FactForm => ({ name, zh: name, en: name, schema }) as FactForm
const TEXT = { type: 'string', minLength: 1, maxLength: 2000 }
const reason = fact('reason', TEXT)
const amount = fact('amount', { type: 'number', minimum: 0.01, maximum: 1000 })
const until = fact('until', { type: 'string', format: 'date-time' })
const urgent = fact('urgent', { type: 'boolean' })
const evidence = fact('evidence', { type: 'array', items: { type: 'integer' } })

const action = {
  action: 'ask',
  label: { zh: '问', en: 'ask' },
  needs: [reason, amount],
  takes: [until, urgent, evidence],
  article: 'V',
} as Schema['Action']

describe('the field of a fact', () => {
  it.each([
    [reason, 'long'],
    [fact('title', { type: 'string', maxLength: 200 }), 'short'],
    [amount, 'number'],
    [until, 'moment'],
    [urgent, 'flag'],
    [evidence, 'photos'],
    [fact('reports', { type: 'array' }), 'reports'],
    [fact('years', { type: 'array' }), 'numbers'],
    [fact('person', { type: 'integer' }), 'person'],
    [fact('parent', { type: 'integer' }), 'case'],
    [fact('outcome', { type: 'string', enum: ['solved'] }), 'choice'],
    [fact('against', TEXT), 'unit'],
    [fact('assist', { type: 'array' }), 'units'],
  ])('follows from its schema', (given, sort) => {
    expect(fieldSort(given)).toBe(sort)
  })
})

describe('a form', () => {
  it('says which needed facts are missing', () => {
    expect(missing(action, { reason: '  ', amount: '2' })).toEqual(['reason'])
    expect(missing(action, { reason: 'so', amount: '2' })).toEqual([])
  })

  it('sends what was filled in, by its type, and nothing else', () => {
    setZone('Asia/Shanghai')
    const values = { reason: ' 缺料 ', amount: '1.5', until: '2026-03-10T09:30', urgent: false, evidence: [] }
    expect(factsOf(action, values, new Set())).toEqual({
      reason: '缺料',
      amount: 1.5,
      until: '2026-03-10T09:30:00+08:00',
    })
    expect(factsOf(action, values, new Set(['urgent'])).urgent).toBe(false)
  })

  it('sends what was found by typing as its number', () => {
    const adopt = { ...action, needs: [fact('parent', { type: 'integer' })], takes: [] }
    expect(factsOf(adopt, { parent: '17' }, new Set())).toEqual({ parent: 17 })
  })

  it('asks for a position as one', () => {
    const [lon, lat] = [fact('lon', { type: 'number' }), fact('lat', { type: 'number' })]
    expect([takesPosition([reason, lon, lat]), takesPosition([reason, lon])]).toEqual([true, false])
    expect(singles([reason, lon, lat])).toEqual([reason])
    expect(singles([reason, lon])).toEqual([reason, lon])
  })

  it('begins empty', () => {
    expect([reason, urgent, evidence].map(blank)).toEqual(['', false, []])
  })
})
