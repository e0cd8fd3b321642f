/** The open cases on the screen: columns of numbers, one slot each, without holes.
 *
 * 100 000 of them take about 6 MB and are drawn from `vertices` as they lie; a change touches one
 * slot. The last slot moves into the place of one that goes.
 */

export const URGENT = 1
export const OVERDUE = 2
export const SUPERVISED = 4
export const SYNTHETIC = 8

/** What `/api/v1/picture` answers. */
export interface Columns {
  moment: string
  cursor: string
  count: number
  kinds: string[]
  places: string[]
  states: string[]
  columns: {
    id: number[]
    number: string[]
    lon: (number | null)[]
    lat: (number | null)[]
    kind: number[]
    place: number[]
    state: number[]
    flags: number[]
    due: (number | null)[]
    reported: number[]
  }
}

/** One row of a change: id, number, lon, lat, kind, place, state, flags, due, reported, action. */
export type Row = [
  number,
  string,
  number | null,
  number | null,
  string,
  string,
  string,
  number,
  number | null,
  number,
  string,
]

/** One case as somebody reads it. */
export interface Shown {
  id: number
  number: string
  lon: number | null
  lat: number | null
  kind: string
  place: string
  state: string
  flags: number
  due: number | null
  reported: number
}

/** Bytes of one vertex: x and y as 32-bit floats, then the mood and three spare bytes. */
export const STRIDE = 12
const NOWHERE = 16 // in mercator units: outside of every view
const MORE = 1.25

/** Web-mercator x and y, each 0 to 1, of degrees (EPSG:3857 scaled to one). */
export function mercator(lon: number, lat: number): [number, number] {
  const sine = Math.sin((lat * Math.PI) / 180)
  return [lon / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)]
}

/** 2 for an overdue case, 1 for an urgent one, 0 for all others. */
export function moodOf(flags: number): 0 | 1 | 2 {
  return flags & OVERDUE ? 2 : flags & URGENT ? 1 : 0
}

/** Values that come again and again, by number. */
class Names {
  readonly values: string[] = []
  private readonly numbers = new Map<string, number>()

  number(value: string): number {
    let found = this.numbers.get(value)
    if (found === undefined) {
      found = this.values.length
      this.values.push(value)
      this.numbers.set(value, found)
    }
    return found
  }
}

export class Picture {
  count = 0
  /** Positions are kept from here, so that 32 bits are exact to a centimetre. */
  readonly centre: readonly [number, number]
  vertices = new ArrayBuffer(0)
  xy = new Float32Array(0)
  private bytes = new Uint8Array(0)
  ids = new Float64Array(0)
  lons = new Float64Array(0)
  lats = new Float64Array(0)
  kinds = new Uint16Array(0)
  places = new Uint16Array(0)
  states = new Uint8Array(0)
  flags = new Uint8Array(0)
  due = new Float64Array(0)
  reported = new Float64Array(0)
  numbers: string[] = []
  readonly kindNames = new Names()
  readonly placeNames = new Names()
  readonly stateNames = new Names()
  private slots = new Map<number, number>()
  /** Slots whose vertices changed since they were last drawn; null: all of them. */
  touched: Set<number> | null = null
  /** How often anything changed. */
  version = 0

  constructor(lon: number, lat: number) {
    this.centre = mercator(lon, lat)
  }

  private reserve(size: number): void {
    if (size <= this.ids.length) return
    const room = Math.max(1024, Math.ceil(size * MORE))
    const grown = <T extends Float64Array | Uint16Array | Uint8Array>(old: T, fresh: T): T => {
      fresh.set(old)
      return fresh
    }
    const vertices = new ArrayBuffer(room * STRIDE)
    const bytes = new Uint8Array(vertices)
    bytes.set(this.bytes)
    this.vertices = vertices
    this.bytes = bytes
    this.xy = new Float32Array(vertices)
    this.ids = grown(this.ids, new Float64Array(room))
    this.lons = grown(this.lons, new Float64Array(room))
    this.lats = grown(this.lats, new Float64Array(room))
    this.kinds = grown(this.kinds, new Uint16Array(room))
    this.places = grown(this.places, new Uint16Array(room))
    this.states = grown(this.states, new Uint8Array(room))
    this.flags = grown(this.flags, new Uint8Array(room))
    this.due = grown(this.due, new Float64Array(room))
    this.reported = grown(this.reported, new Float64Array(room))
    this.touched = null
  }

  private write(
    slot: number,
    id: number,
    number: string,
    lon: number | null,
    lat: number | null,
    kind: number,
    place: number,
    state: number,
    flags: number,
    due: number | null,
    reported: number,
  ): void {
    this.ids[slot] = id
    this.numbers[slot] = number
    this.lons[slot] = lon ?? NaN
    this.lats[slot] = lat ?? NaN
    this.kinds[slot] = kind
    this.places[slot] = place
    this.states[slot] = state
    this.flags[slot] = flags
    this.due[slot] = due ?? NaN
    this.reported[slot] = reported
    const [x, y] = lon === null || lat === null ? [NOWHERE, NOWHERE] : mercator(lon, lat)
    this.xy[slot * 3] = x - this.centre[0]
    this.xy[slot * 3 + 1] = y - this.centre[1]
    this.bytes[slot * STRIDE + 8] = moodOf(flags)
  }

  /** Show this and nothing else. */
  load(found: Columns): void {
    const { id, number, lon, lat, kind, place, state, flags, due, reported } = found.columns
    this.slots = new Map()
    this.count = 0
    this.reserve(id.length)
    const kinds = found.kinds.map((name) => this.kindNames.number(name))
    const places = found.places.map((name) => this.placeNames.number(name))
    const states = found.states.map((name) => this.stateNames.number(name))
    for (let i = 0; i < id.length; i += 1) {
      this.write(
        i,
        id[i] ?? 0,
        number[i] ?? '',
        lon[i] ?? null,
        lat[i] ?? null,
        kinds[kind[i] ?? 0] ?? 0,
        places[place[i] ?? 0] ?? 0,
        states[state[i] ?? 0] ?? 0,
        flags[i] ?? 0,
        due[i] ?? null,
        reported[i] ?? 0,
      )
      this.slots.set(id[i] ?? 0, i)
    }
    this.count = id.length
    this.numbers.length = id.length
    this.touched = null
    this.version += 1
  }

  has(id: number): boolean {
    return this.slots.has(id)
  }

  /** Show a case as it is now. */
  set(row: Row): void {
    const [id, number, lon, lat, kind, place, state, flags, due, reported] = row
    let slot = this.slots.get(id)
    if (slot === undefined) {
      slot = this.count
      this.reserve(slot + 1)
      this.slots.set(id, slot)
      this.count += 1
    }
    this.write(
      slot,
      id,
      number,
      lon,
      lat,
      this.kindNames.number(kind),
      this.placeNames.number(place),
      this.stateNames.number(state),
      flags,
      due,
      reported,
    )
    this.touched?.add(slot)
    this.version += 1
  }

  /** A case is open no longer, or no longer ours to see. */
  remove(id: number): void {
    const slot = this.slots.get(id)
    if (slot === undefined) return
    this.slots.delete(id)
    this.count -= 1
    const last = this.count
    if (slot !== last) {
      for (const column of [this.ids, this.lons, this.lats, this.due, this.reported]) column[slot] = column[last] ?? 0
      for (const column of [this.kinds, this.places, this.states, this.flags]) column[slot] = column[last] ?? 0
      this.numbers[slot] = this.numbers[last] ?? ''
      this.bytes.copyWithin(slot * STRIDE, last * STRIDE, (last + 1) * STRIDE)
      this.slots.set(this.ids[slot] ?? 0, slot)
      this.touched?.add(slot)
    }
    this.numbers.length = last
    this.version += 1
  }

  slotOf(id: number): number | undefined {
    return this.slots.get(id)
  }

  at(slot: number): Shown {
    const lon = this.lons[slot] ?? NaN
    const due = this.due[slot] ?? NaN
    return {
      id: this.ids[slot] ?? 0,
      number: this.numbers[slot] ?? '',
      lon: Number.isNaN(lon) ? null : lon,
      lat: Number.isNaN(lon) ? null : (this.lats[slot] ?? null),
      kind: this.kindNames.values[this.kinds[slot] ?? 0] ?? '',
      place: this.placeNames.values[this.places[slot] ?? 0] ?? '',
      state: this.stateNames.values[this.states[slot] ?? 0] ?? '',
      flags: this.flags[slot] ?? 0,
      due: Number.isNaN(due) ? null : due,
      reported: this.reported[slot] ?? 0,
    }
  }

  /** The cases within a distance of a position, the nearest first; `reach` in mercator units. */
  near(lon: number, lat: number, reach: number, most: number): Shown[] {
    const [x, y] = mercator(lon, lat)
    const [dx, dy] = [x - this.centre[0], y - this.centre[1]]
    const found: [number, number][] = []
    for (let slot = 0; slot < this.count; slot += 1) {
      const far = Math.hypot((this.xy[slot * 3] ?? NOWHERE) - dx, (this.xy[slot * 3 + 1] ?? NOWHERE) - dy)
      if (far <= reach) found.push([far, slot])
    }
    return found
      .sort((a, b) => a[0] - b[0])
      .slice(0, most)
      .map(([, slot]) => this.at(slot))
  }

  /** What was touched since the last time, which is forgotten. */
  taken(): Set<number> | null {
    const found = this.touched
    this.touched = new Set()
    return found
  }
}
