/** The city's own areas to draw, and its places to choose from: asked once, kept for the page's life. */
import type { FeatureCollection } from 'geojson'

import { api, ask, got, type Schema } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'

export type Place = Schema['Area']
const known = new Map<string, Promise<unknown>>()

function once<T>(name: string, fetch: () => Promise<T>): Promise<T> {
  const found = (known.get(name) as Promise<T> | undefined) ?? fetch()
  known.set(name, found)
  found.catch(() => known.delete(name))
  return found
}

/** The districts, or the towns of a district; null where they cannot be had: the points still can. */
export async function fetchAreas(district: string | null): Promise<FeatureCollection | null> {
  const query = district ? `?parent=${encodeURIComponent(district)}&level=town` : ''
  try {
    return await once(`areas ${query}`, () => ask<FeatureCollection>('GET', `/api/v1/areas${query}`))
  } catch (error) {
    Problem.from(error)
    return null
  }
}

/** Every town of the city, to find one's way without streets. */
export async function fetchTownAreas(): Promise<FeatureCollection | null> {
  try {
    return await once('areas of towns', () => ask<FeatureCollection>('GET', '/api/v1/areas?level=town'))
  } catch (error) {
    Problem.from(error)
    return null
  }
}

/** The districts of the city. */
export const fetchDistricts = (): Promise<Place[]> =>
  once('districts', async () => (await got(api.GET('/api/v1/places'))).items)

/** Every town of the city, or those of a district. */
export const fetchTowns = (): Promise<Place[]> =>
  once('towns', async () => (await got(api.GET('/api/v1/places', { params: { query: { level: 'town' } } }))).items)
