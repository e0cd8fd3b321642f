/** Cases that lie together, counted; and cases by the place they belong to. */
import type { FeatureCollection, Point } from 'geojson'

import { OVERDUE, type Picture } from './picture'

export interface Tally {
  open: number
  overdue: number
}

const CELL_PX = 72
const TILE_PX = 512

/** Clusters for a zoom: what falls into one square of the screen is one, at its own middle. */
export function cluster(picture: Picture, zoom: number): FeatureCollection<Point, Tally> {
  const scale = (TILE_PX * 2 ** zoom) / CELL_PX
  const found = new Map<number, { x: number; y: number; open: number; overdue: number }>()
  const { xy, lons, lats, flags } = picture
  for (let slot = 0; slot < picture.count; slot += 1) {
    const lon = lons[slot] ?? NaN
    if (Number.isNaN(lon)) continue
    const column = Math.floor(((xy[slot * 3] ?? 0) + picture.centre[0]) * scale)
    const row = Math.floor(((xy[slot * 3 + 1] ?? 0) + picture.centre[1]) * scale)
    const key = row * 2 ** 26 + column
    let one = found.get(key)
    if (one === undefined) found.set(key, (one = { x: 0, y: 0, open: 0, overdue: 0 }))
    one.x += lon
    one.y += lats[slot] ?? 0
    one.open += 1
    if ((flags[slot] ?? 0) & OVERDUE) one.overdue += 1
  }
  return {
    type: 'FeatureCollection',
    features: [...found.values()].map(({ x, y, open, overdue }) => ({
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [x / open, y / open] },
      properties: { open, overdue },
    })),
  }
}

/** How many cases lie in each of the places that `above` names for a place's code. */
export function tally(picture: Picture, above: (code: string) => string | undefined): Map<string, Tally> {
  const groups = picture.placeNames.values.map(above)
  const found = new Map<string, Tally>()
  for (let slot = 0; slot < picture.count; slot += 1) {
    const code = groups[picture.places[slot] ?? 0]
    if (code === undefined) continue
    let one = found.get(code)
    if (one === undefined) found.set(code, (one = { open: 0, overdue: 0 }))
    one.open += 1
    if ((picture.flags[slot] ?? 0) & OVERDUE) one.overdue += 1
  }
  return found
}
