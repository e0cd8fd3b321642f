import { describe, expect, it } from 'vitest'

import { canonical, checkReceipt, keyOfPem, type Json } from '@/public/follow/proof'

import real from './receipt.json'

const { receipt, key } = real

/** Every text and number of a value, as the path that leads to it. */
function leaves(value: Json, path: (string | number)[] = []): (string | number)[][] {
  if (Array.isArray(value)) return value.flatMap((part, n) => leaves(part, [...path, n]))
  if (value !== null && typeof value === 'object') {
    return Object.entries(value).flatMap(([name, part]) => leaves(part, [...path, name]))
  }
  return [path]
}

function altered(path: (string | number)[]): string {
  const copy = JSON.parse(receipt) as Record<string | number, never>
  let part = copy
  for (const step of path.slice(0, -1)) part = part[step] as never
  const last = path.at(-1) as string
  const value = part[last] as unknown as Json
  const other =
    typeof value === 'number' ? value + 1 : typeof value === 'string' ? value.replace(/.$/, (c) => (c === '0' ? '1' : '0')) || 'x' : 'x'
  part[last] = other as never
  return JSON.stringify(copy)
}

describe('a receipt', () => {
  it('that is true is found to be', async () => {
    const verdict = await checkReceipt(receipt, key)
    expect(verdict.findings).toEqual([])
    expect(verdict.ok).toBe(true)
    expect(verdict.events.length).toBeGreaterThan(1)
    expect(verdict.events.map((event) => event.action)).toContain('case.send_verify')
  })

  it('is untrue wherever one thing in it was altered', async () => {
    const paths = leaves(JSON.parse(receipt) as Json)
    expect(paths.length).toBeGreaterThan(60)
    for (const path of paths) {
      expect((await checkReceipt(altered(path), key)).ok, path.join('.')).toBe(false)
    }
  })

  it('is untrue without one of its fields, with one more, or in another order', async () => {
    const whole = JSON.parse(receipt) as { events: object[]; case: object }
    const reordered = { ...whole, events: [...whole.events].reverse() }
    const more = { ...whole, note: 'x' }
    const less = { ...whole, case: { id: 1 } }
    for (const wrong of [reordered, more, less, { ...whole, events: [] }, [], null, 'x']) {
      expect((await checkReceipt(JSON.stringify(wrong), key)).ok).toBe(false)
    }
    expect((await checkReceipt('{', key)).findings).toEqual([{ fault: 'malformed', position: null }])
  })

  it('signed by another key is not the city’s', async () => {
    const other = key.replace('VwAyEA', 'VwAyEB')
    expect((await checkReceipt(receipt, other)).findings).toEqual([{ fault: 'key_unknown', position: null }])
    expect(keyOfPem('-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----')).toBe('')
  })
})

it('canonical JSON sorts, escapes and writes numbers as the record does', () => {
  expect(canonical({ b: [1, -0, 1e22, 0.5], a: '\u0007"\\一', c: null })).toBe(
    '{"a":"\\u0007\\"\\\\一","b":[1,0,1e+22,0.5],"c":null}',
  )
})
