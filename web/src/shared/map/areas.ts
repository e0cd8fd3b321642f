/** The areas of the city as the service draws them: asked once for each place and level. */
import type { FeatureCollection, MultiPolygon } from 'geojson'

import { api, got } from '../api/client'
import type { Name } from '../language/language'

export interface AreaProperties {
  code: string
  parent: string | null
  level: Level
  name: Name
  /** Where the drawing comes from; whatever is not "official" says so. */
  origin: string
  /** Where a label stands, in degrees. */
  lon: number
  lat: number
}

export type Level = 'city' | 'district' | 'town' | 'grid' | 'community'
export type Areas = FeatureCollection<MultiPolygon, AreaProperties>

const MOST = 60
const known = new Map<string, Promise<Areas>>()

/** The areas below a place (the city's districts without one), or those of a level within it. */
export function fetchAreas(parent?: string, level?: Level): Promise<Areas> {
  const key = `${parent ?? ''} ${level ?? ''}`
  const found = known.get(key)
  if (found) return found
  const query = { ...(parent ? { parent } : {}), ...(level ? { level } : {}) }
  const asked = got(api.GET('/api/v1/areas', { params: { query } })) as Promise<unknown> as Promise<Areas>
  known.set(key, asked)
  asked.catch(() => known.delete(key))
  if (known.size > MOST) known.delete(known.keys().next().value ?? '')
  return asked
}

/** Where an area's name stands, in degrees; nothing for a code that is not drawn. */
export function labelOf(areas: Areas | null, code: string | undefined): [number, number] | null {
  const found = code ? areas?.features.find((feature) => feature.properties.code === code) : undefined
  return found ? [found.properties.lon, found.properties.lat] : null
}
