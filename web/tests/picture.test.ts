import { describe, expect, it } from 'vitest'

import { put, resize, shift } from '@/screen/panels/arrangement'
import type { Placed } from '@/screen/panels/panels'
import { cluster, tally } from '@/screen/picture/grouping'
import { DAY_MS, played, PLAY_MS, windowOf } from '@/screen/picture/moments'
import { mercator, moodOf, OVERDUE, Picture, STRIDE, URGENT, type Columns, type Row } from '@/screen/picture/picture'
import { Playback, type Past } from '@/screen/picture/playback'

const NONE: Columns = {
  moment: '',
  cursor: '',
  count: 0,
  kinds: [],
  places: [],
  states: [],
  columns: { id: [], number: [], lon: [], lat: [], kind: [], place: [], state: [], flags: [], due: [], reported: [] },
}

function row(id: number, more: Partial<{ lon: number | null; place: string; flags: number; state: string }> = {}): Row {
  const { lon = 121 + id / 1000, place = 'p', flags = 0, state = 'dispatched' } = more
  return [id, `n${id}`, lon, lon === null ? null : 31, 'k', place, state, flags, id % 2 ? null : 1000 + id, id, 'file']
}

/** Everything a picture says, by id. */
function said(picture: Picture): Map<number, unknown> {
  return new Map(Array.from({ length: picture.count }, (_, slot) => [picture.at(slot).id, picture.at(slot)]))
}

/** Numbers that look drawn by lot and are the same each time. */
function lots(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state % below
  }
}

describe('the picture', () => {
  it('says after any changes what a plain map would say', () => {
    const picture = new Picture(121.4, 31.2)
    const plain = new Map<number, Row>()
    const draw = lots(7)
    for (let turn = 0; turn < 6000; turn += 1) {
      const id = draw(1500)
      if (draw(3) === 0) {
        picture.remove(id)
        plain.delete(id)
      } else {
        const one = row(id, { flags: draw(16), place: `p${draw(9)}`, lon: draw(20) === 0 ? null : 121 + draw(1000) / 1000 })
        picture.set(one)
        plain.set(id, one)
      }
    }
    expect(picture.count).toBe(plain.size)
    const found = said(picture)
    for (const [id, [, number, lon, lat, kind, place, state, flags, due, reported]] of plain) {
      expect(found.get(id)).toEqual({ id, number, lon, lat, kind, place, state, flags, due, reported })
      const slot = picture.slotOf(id) ?? -1
      expect(new Uint8Array(picture.vertices)[slot * STRIDE + 8]).toBe(moodOf(flags))
    }
  })

  it('keeps positions to a metre and finds what is near', () => {
    const picture = new Picture(121.4, 31.2)
    for (let id = 1; id <= 50; id += 1) picture.set(row(id))
    const slot = picture.slotOf(20) ?? -1
    const [x, y] = mercator(121.02, 31)
    expect(Math.abs((picture.xy[slot * 3] ?? 0) + picture.centre[0] - x) * 40_075_017).toBeLessThan(1)
    expect(Math.abs((picture.xy[slot * 3 + 1] ?? 0) + picture.centre[1] - y) * 40_075_017).toBeLessThan(1)
    expect(picture.near(121.0201, 31, 0.0015 / 360, 3).map((one) => one.id)).toEqual([20, 21, 19])
  })

  it('tells what must be drawn again, and all of it after it grew', () => {
    const picture = new Picture(121, 31)
    picture.load(NONE)
    picture.set(row(1))
    expect(picture.taken()).toBeNull()
    picture.set(row(2))
    picture.set(row(3))
    picture.remove(2)
    expect(picture.taken()).toEqual(new Set([1, 2]))
    for (let id = 10; id < 2000; id += 1) picture.set(row(id))
    expect(picture.taken()).toBeNull()
  })

  it('is counted by place and by what lies together', () => {
    const picture = new Picture(121, 31)
    picture.set(row(1, { place: 'a1', flags: OVERDUE }))
    picture.set(row(2, { place: 'a2' }))
    picture.set(row(3, { place: 'b1', flags: URGENT, lon: 122 }))
    picture.set(row(4, { place: 'c1', lon: null }))
    expect(tally(picture, (code) => (code === 'c1' ? undefined : code[0]))).toEqual(
      new Map([
        ['a', { open: 2, overdue: 1 }],
        ['b', { open: 1, overdue: 0 }],
      ]),
    )
    const groups = cluster(picture, 9).features.map((one) => one.properties)
    expect(groups).toEqual([
      { open: 2, overdue: 1 },
      { open: 1, overdue: 0 },
    ])
  })
})

describe('the past', () => {
  const changes: Past[] = [
    [10, 1, 'filed', 121, 31, 'k', 'p', 0, 'file'],
    [20, 1, 'dispatched', 121, 31, 'k', 'p', 2, 'overdue'],
    [30, 2, 'filed', 121, 31, 'k', 'p', 0, 'file'],
    [40, 1, null, null, null, 'k', 'p', 0, 'close'],
  ]

  it('is the same whichever way one comes to a moment', () => {
    for (const first of [0, 15, 25, 35, 45]) {
      for (const then of [0, 15, 25, 35, 45]) {
        const past = new Playback(new Picture(121, 31), NONE, changes)
        past.seek(first)
        past.seek(then)
        const fresh = new Playback(new Picture(121, 31), NONE, changes)
        fresh.seek(then)
        expect(said(past.picture)).toEqual(said(fresh.picture))
      }
    }
  })

  it('says what opened on the way', () => {
    const past = new Playback(new Picture(121, 31), NONE, changes)
    expect(past.seek(35)).toEqual([1, 2])
    expect(past.picture.count).toBe(2)
    expect(past.seek(45)).toEqual([])
    expect(past.picture.count).toBe(1)
  })

  it('takes a minute for a day', () => {
    const from = new Date(0)
    const to = new Date(DAY_MS)
    expect(played(from, to, PLAY_MS / 2)).toEqual(new Date(DAY_MS / 2))
    expect(played(from, to, PLAY_MS * 2)).toEqual(to)
  })

  it('is shown within its last 24 hours, or within its day', () => {
    const now = new Date('2026-03-10T12:00:00Z')
    const midnight = (at: Date): Date => new Date(`${at.toISOString().slice(0, 10)}T00:00:00Z`)
    const day = [new Date('2026-03-09T12:00:00Z'), now]
    expect(windowOf(null, now, midnight)).toEqual(day)
    expect(windowOf(new Date('2026-03-09T13:00:00Z'), now, midnight)).toEqual(day)
    expect(windowOf(new Date('2026-03-07T13:00:00Z'), now, midnight)).toEqual([
      new Date('2026-03-07T00:00:00Z'),
      new Date('2026-03-08T00:00:00Z'),
    ])
  })
})

describe('an arrangement of panels', () => {
  const placed = (panel: string, region: string): Placed => ({ panel, region, size: 1, kind: 'value', title: { zh: '', en: '' } })
  const all = [placed('a', 'left'), placed('b', 'right'), placed('c', 'left'), placed('d', 'left')]
  const order = (panels: readonly Placed[], region: string): string =>
    panels.filter((one) => one.region === region).map((one) => one.panel).join('')

  it('moves within a side past panels of other sides', () => {
    expect(order(shift(all, 'a', 1), 'left')).toBe('cad')
    expect(order(shift(all, 'a', -1), 'left')).toBe('acd')
    expect(order(shift(all, 'd', -1), 'left')).toBe('adc')
  })

  it('moves to another side, before a panel or to the end', () => {
    expect(order(put(all, 'd', 'right', 'b'), 'right')).toBe('db')
    expect(order(put(all, 'd', 'right', null), 'right')).toBe('bd')
    expect(order(put(all, 'd', 'left', 'a'), 'left')).toBe('dac')
    expect(put(all, 'nobody', 'left', null)).toEqual(all)
  })

  it('stays between one and four in size', () => {
    expect(resize(all, 'a', -1)[0]?.size).toBe(1)
    let grown = all
    for (let turn = 0; turn < 9; turn += 1) grown = resize(grown, 'a', 1)
    expect(grown[0]?.size).toBe(4)
  })
})
