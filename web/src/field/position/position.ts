/** Where the phone is, as long as somebody looks; and how far away things are. */
import { onScopeDispose, shallowRef } from 'vue'

export interface Position {
  lon: number
  lat: number
  /** In metres, 95 %. */
  accuracy: number
  at: number
}

export type PositionState = 'off' | 'asking' | 'known' | 'refused' | 'unknown'

export const position = shallowRef<Position | null>(null)
export const positionState = shallowRef<PositionState>('off')

const FRESH_MS = 5 * 60_000
const EARTH_M = 6_371_008.8
let lookers = 0
let watching: number | null = null

/** The position, if it is not too old to say where something was done just now. */
export function lastPosition(now = Date.now()): Position | null {
  return position.value && now - position.value.at < FRESH_MS ? position.value : null
}

function begin(): void {
  if (watching !== null || !('geolocation' in navigator)) return
  if (positionState.value !== 'known') positionState.value = 'asking'
  watching = navigator.geolocation.watchPosition(
    ({ coords, timestamp }) => {
      position.value = { lon: coords.longitude, lat: coords.latitude, accuracy: coords.accuracy, at: timestamp }
      positionState.value = 'known'
    },
    (error) => {
      positionState.value = error.code === error.PERMISSION_DENIED ? 'refused' : 'unknown'
    },
    { enableHighAccuracy: true, maximumAge: 10_000, timeout: 30_000 },
  )
}

/** Follow the position while this component lives. */
export function usePosition() {
  lookers += 1
  begin()
  onScopeDispose(() => {
    lookers -= 1
    if (lookers === 0 && watching !== null) {
      navigator.geolocation.clearWatch(watching)
      watching = null
    }
  })
  return { position, positionState }
}

/** Metres between two positions in degrees, on the sphere (haversine). */
export function distance(a: { lon: number; lat: number }, b: { lon: number; lat: number }): number {
  const radians = (degrees: number): number => (degrees * Math.PI) / 180
  const dLat = radians(b.lat - a.lat)
  const dLon = radians(b.lon - a.lon)
  const h =
    Math.sin(dLat / 2) ** 2 + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * Math.sin(dLon / 2) ** 2
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(h)))
}
