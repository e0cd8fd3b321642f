import { afterEach, describe, expect, it } from 'vitest'

import { fieldOf, momentOf, setZone } from '@/shared/times/times'

afterEach(() => setZone('UTC'))

describe('a moment in a field', () => {
  it.each([
    ['Asia/Shanghai', '2026-03-10T09:30', '2026-03-10T09:30:00+08:00'],
    ['America/New_York', '2026-01-10T09:30', '2026-01-10T09:30:00-05:00'],
    ['America/New_York', '2026-07-10T09:30', '2026-07-10T09:30:00-04:00'],
    // the hours around a change of the clock
    ['America/New_York', '2026-03-08T01:59', '2026-03-08T01:59:00-05:00'],
    ['America/New_York', '2026-03-08T03:00', '2026-03-08T03:00:00-04:00'],
    ['America/New_York', '2026-11-01T03:00', '2026-11-01T03:00:00-05:00'],
    ['Asia/Kolkata', '2026-03-10T09:30', '2026-03-10T09:30:00+05:30'],
  ])('stands on the clock of %s', (zone, field, moment) => {
    setZone(zone)
    expect(momentOf(field)).toBe(moment)
    expect(fieldOf(moment)).toBe(field)
  })

  it('may be none', () => {
    expect(momentOf('')).toBe('')
  })
})
