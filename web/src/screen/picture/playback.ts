/** A past stretch, played back: the picture at its beginning, and each change after it. */
import { ask } from '@/shared/api/client'

import type { Columns, Picture, Row } from './picture'

/** Seconds, id, state (null: no longer open), lon, lat, kind, place, flags, action. */
export type Past = [
  number,
  number,
  string | null,
  number | null,
  number | null,
  string,
  string,
  number,
  string,
]

export class Playback {
  private next = 0

  constructor(
    readonly picture: Picture,
    private readonly begin: Columns,
    private readonly changes: readonly Past[],
  ) {
    picture.load(begin)
  }

  /** Bring the picture to a moment (seconds); the ids that opened on the way. */
  seek(seconds: number): number[] {
    const before = this.changes[this.next - 1]
    if (before && before[0] > seconds) {
      this.picture.load(this.begin)
      this.next = 0
    }
    const opened: number[] = []
    for (; this.next < this.changes.length; this.next += 1) {
      const change = this.changes[this.next]
      if (!change || change[0] > seconds) break
      const [at, id, state, lon, lat, kind, place, flags, action] = change
      if (state === null) {
        this.picture.remove(id)
        continue
      }
      const slot = this.picture.slotOf(id)
      const known = slot === undefined ? null : this.picture.at(slot)
      const number = known?.number ?? ''
      const row: Row = [id, number, lon, lat, kind, place, state, flags, known?.due ?? null, known?.reported ?? at, action]
      if (known === null) opened.push(id)
      this.picture.set(row)
    }
    return opened
  }
}

/** Ask for a stretch of the past. */
export async function fetchPast(picture: Picture, place: string, from: Date, to: Date): Promise<Playback> {
  const where = `place=${encodeURIComponent(place)}`
  const [begin, past] = await Promise.all([
    ask<Columns>('GET', `/api/v1/picture?${where}&at=${encodeURIComponent(from.toISOString())}`),
    ask<{ changes: Past[] }>(
      'GET',
      `/api/v1/picture/past?${where}&from=${encodeURIComponent(from.toISOString())}&to=${encodeURIComponent(to.toISOString())}`,
    ),
  ])
  return new Playback(picture, begin, past.changes)
}
