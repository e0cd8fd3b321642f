/** The city's areas as the ground of the desk's maps, fetched when the first map is drawn. */
import type { FeatureCollection } from 'geojson'
import { onMounted, shallowRef, type ShallowRef } from 'vue'

import { ask } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'

type Level = 'district' | 'town'

const known: Record<Level, ShallowRef<FeatureCollection | null>> = { district: shallowRef(null), town: shallowRef(null) }
const asked = new Set<Level>()

export function useAreas(level: Level): ShallowRef<FeatureCollection | null> {
  onMounted(async () => {
    if (asked.has(level)) return
    asked.add(level)
    try {
      known[level].value = await ask<FeatureCollection>('GET', `/api/v1/areas?level=${level}`)
    } catch (error) {
      // a map without borders still shows where things are; the next one asks again
      Problem.from(error)
      asked.delete(level)
    }
  })
  return known[level]
}

/** Where an area's name stands; nothing for a code that is not drawn. */
export function labelOf(areas: FeatureCollection | null, code: string | undefined): [number, number] | null {
  const found = code ? areas?.features.find((feature) => feature.properties?.code === code) : undefined
  const { lon, lat } = (found?.properties ?? {}) as { lon?: number; lat?: number }
  return lon === undefined || lat === undefined ? null : [lon, lat]
}
