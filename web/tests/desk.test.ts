import { describe, expect, it } from 'vitest'
import { ref } from 'vue'

import { differences } from '@/desk/cases/changes'
import { readChoice } from '@/desk/cases/reasons'
import { KeyReader, nameOf, type Command } from '@/desk/keys/commands'
import { addDays, joined, meanwhile, mondayOf, moved, shiftOf, shiftsOn } from '@/desk/roster/week'
import { commonActions } from '@/desk/work/bulk'
import { useSelection } from '@/desk/work/selection'
import { pageOf } from '@/desk/work/work'
import { setZone } from '@/shared/times/times'

const command = (id: string, keys: string): Command => ({ id, keys, label: id, group: '', run: () => undefined })
const pressed = (key: string, more: Partial<KeyboardEvent> = {}): string =>
  nameOf({ key, ctrlKey: false, metaKey: false, shiftKey: false, ...more })

describe('keys', () => {
  const known = [command('next', 'j'), command('work', 'g w'), command('first', 'w'), command('help', '?')]

  it('are called the same on every machine', () => {
    expect(pressed('J', { shiftKey: true })).toBe('shift+j')
    expect(pressed('?', { shiftKey: true })).toBe('?') // the sign, however it is typed
    expect(pressed('k', { metaKey: true })).toBe('mod+k')
    expect(pressed('Enter', { ctrlKey: true })).toBe('mod+enter')
    expect(pressed('ArrowDown')).toBe('down')
  })

  it('name a command alone or one after the other', () => {
    const reader = new KeyReader()
    expect(reader.read('j', 0, known)?.id).toBe('next')
    expect(reader.read('g', 10, known)).toBeNull()
    expect(reader.read('w', 500, known)?.id).toBe('work')
    expect(reader.read('w', 600, known)?.id).toBe('first')
  })

  it('that come too late begin anew', () => {
    const reader = new KeyReader()
    reader.read('g', 0, known)
    expect(reader.read('w', 5000, known)?.id).toBe('first')
  })
})

describe('the work list', () => {
  it('offers what is open on all that is chosen, of one sort only', () => {
    const order = { matter: 'order', actions: ['recall', 'urge'] }
    expect(commonActions([order, { matter: 'order', actions: ['urge'] }])).toEqual(['urge'])
    expect(commonActions([order, { matter: 'check', actions: ['urge'] }])).toEqual([])
    expect(commonActions([])).toEqual([])
  })

  it('leads to the page of a matter', () => {
    expect(pageOf({ matter: 'report', id: 7, case_id: 3 })).toBe('/reports/7')
    expect(pageOf({ matter: 'case', id: 7, case_id: 7 })).toBe('/cases/7')
    expect(pageOf({ matter: 'check', id: 7, case_id: 3 })).toBe('/cases/3#check-7')
  })

  it('chooses one by one, by ranges, and forgets what has left', () => {
    const rows = ref(['a', 'b', 'c', 'd'])
    const chosen = useSelection(rows, (row) => row)
    chosen.toggle('a')
    chosen.choose('c', true, true)
    expect(chosen.items.value).toEqual(['a', 'b', 'c'])
    rows.value = ['a', 'c', 'd']
    expect(chosen.items.value).toEqual(['a', 'c'])
    chosen.toggle('a')
    expect(chosen.items.value).toEqual(['c'])
  })
})

describe('a case', () => {
  it('that changed says in which fields', () => {
    const before = { state: 'filed', lead: null, version: 1 }
    expect(differences(before, { state: 'dispatched', lead: 'u', version: 2 })).toEqual([
      { field: 'state', before: 'filed', after: 'dispatched' },
      { field: 'lead', before: null, after: 'u' },
    ])
    expect(differences(before, { ...before, version: 9 })).toEqual([])
  })

  it('tells why its kind was chosen and what else it could be', () => {
    const reason = { by: 'text', confidence: 0.6, words: { pit: 2 }, runners_up: { low: 1, high: 3 } }
    const read = readChoice('kind', 'chosen', reason)
    expect(read).toMatchObject({ by: 'text', confidence: 0.6, words: ['pit'], others: ['high', 'low'] })
  })

  it('offers what it was before a correction, never what it is', () => {
    const read = readChoice('unit', 'u2', { by: 'hand', considered: ['u2', 'u3'], was: { value: 'u1' } })
    expect(read.others).toEqual(['u3', 'u1'])
    expect(readChoice('place', null, null)).toMatchObject({ value: '', by: 'unknown', others: [] })
  })
})

describe('the roster', () => {
  it('counts days by the calendar', () => {
    expect(addDays('2026-02-28', 1)).toBe('2026-03-01')
    expect(mondayOf('2026-03-15')).toBe('2026-03-09')
    expect(mondayOf('2026-03-09')).toBe('2026-03-09')
  })

  it('shows a night shift on both its days, on the city’s clock', () => {
    setZone('Asia/Shanghai')
    const night = shiftOf('operator', 1, 'Li', '2026-03-10', '20:00', '08:00')
    expect([night.since, night.until]).toEqual(['2026-03-10T20:00:00+08:00', '2026-03-11T08:00:00+08:00'])
    for (const [day, count] of [['2026-03-09', 0], ['2026-03-10', 1], ['2026-03-11', 1], ['2026-03-12', 0]] as const) {
      expect(shiftsOn([night], day)).toHaveLength(count)
    }
  })

  it('takes what somebody else planned meanwhile into mine', () => {
    setZone('Asia/Shanghai')
    const shift = (person: number) => shiftOf('operator', person, `p${person}`, '2026-03-10', '08:00', '20:00')
    const theirs = meanwhile([shift(1), shift(2)], [shift(2), shift(3)])
    expect([theirs.added, theirs.removed]).toEqual([[shift(3)], [shift(1)]])
    // 4 is mine; 3 was added and 1 removed by them, whether I had it or not
    expect(joined([shift(1), shift(2), shift(4)], theirs)).toEqual([shift(2), shift(4), shift(3)])
    expect(joined([shift(3), shift(4)], theirs)).toEqual([shift(3), shift(4)])
  })

  it('keeps the time on the clock when a week is copied over a change of it', () => {
    setZone('Europe/Berlin')
    const shift = shiftOf('operator', 1, 'Li', '2026-03-25', '08:00', '16:00')
    expect(moved([shift], 7)[0]).toMatchObject({
      since: '2026-04-01T08:00:00+02:00',
      until: '2026-04-01T16:00:00+02:00',
    })
  })
})
