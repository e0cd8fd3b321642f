/** Photos as the phone keeps them until they have arrived, each with where and when it was taken. */
import { lastPosition } from '../position/position'
import { transact } from '../store/database'
import { scaled } from './scaling'

export const PHOTO_ROLES = ['before', 'after'] as const
export type PhotoRole = (typeof PHOTO_ROLES)[number] | 'near'

export interface KeptPhoto {
  key: string
  person: string
  blob: Blob
  role: PhotoRole
  lon: number | null
  lat: number | null
  /** How exact the position is, in metres. */
  accuracy: number | null
  taken_at: string
}

/** Keep a photo just taken, no larger than it need be. */
export async function keepPhoto(person: string, file: File, role: PhotoRole): Promise<KeptPhoto> {
  const spot = lastPosition()
  const taken_at = new Date().toISOString()
  // a copy: a file may vanish from the camera's folder before it is sent
  const copy = new Blob([await file.arrayBuffer()], { type: file.type })
  const photo: KeptPhoto = {
    key: crypto.randomUUID(),
    person,
    blob: await scaled(copy),
    role,
    lon: spot?.lon ?? null,
    lat: spot?.lat ?? null,
    accuracy: spot?.accuracy ?? null,
    taken_at,
  }
  await transact(['photos'], 'readwrite', (stores) => stores.put('photos', photo))
  return photo
}

export async function photosOf(keys: readonly string[]): Promise<KeptPhoto[]> {
  const found = await transact(['photos'], 'readonly', (stores) =>
    Promise.all(keys.map((key) => stores.get<KeptPhoto>('photos', key))),
  )
  return found.filter((photo) => photo !== undefined)
}

export async function dropPhoto(key: string): Promise<void> {
  await transact(['photos'], 'readwrite', (stores) => stores.drop('photos', key))
}
