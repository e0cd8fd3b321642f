/** The report that is being written: kept on the device with every change until it is on its way. */
import { nextTick, reactive, ref, watch } from 'vue'

import type { Schema } from '@/shared/api/client'

import { find, forget, keep } from './store'

export type Origin = 'photo' | 'phone' | 'map'

export interface Draft {
  text: string
  address: string
  spot: { lon: number; lat: number; by: Origin } | null
  /** The kind its writer chose; the platform finds one itself otherwise. */
  kind: string | null
  /** The open case its writer says it is ("me too"). */
  sameAs: { number: string; name: { zh: string; en: string } } | null
  photos: Blob[]
  name: string
  phone: string
  /** Not to be named to the unit that handles it. */
  confidential: boolean
}

const PHOTOS = 'photos'
const WORDS = 'yiwang.draft'

const empty = (): Draft => ({
  text: '',
  address: '',
  spot: null,
  kind: null,
  sameAs: null,
  photos: [],
  name: '',
  phone: '',
  confidential: false,
})

export const draft = reactive<Draft>(empty())
/** Whether something written on an earlier visit was found. */
export const restored = ref(false)
let loaded: Promise<void> | null = null

function isEmpty(): boolean {
  return !(draft.text.trim() || draft.address.trim() || draft.spot || draft.photos.length > 0 || draft.sameAs)
}

/** All but the photos, at once: a page that is closed has no time to wait for anything. */
function saveWords(): void {
  try {
    if (isEmpty()) localStorage.removeItem(WORDS)
    else localStorage.setItem(WORDS, JSON.stringify({ ...draft, photos: [] }))
  } catch {
    // storage is closed to us: the page still holds it
  }
}

function savedWords(): Partial<Draft> {
  try {
    return JSON.parse(localStorage.getItem(WORDS) ?? '{}') as Partial<Draft>
  } catch {
    return {}
  }
}

async function savePhotos(): Promise<void> {
  if (draft.photos.length > 0) await keep('draft', PHOTOS, [...draft.photos])
  else await forget('draft', PHOTOS)
}

/** Bring back what was being written; from then on every change is kept. */
export function load(): Promise<void> {
  loaded ??= (async () => {
    const photos = (await find<Blob[]>('draft', PHOTOS)) ?? []
    const words = savedWords()
    // what was typed while the device looked stands
    if (isEmpty() && (photos.length > 0 || Object.keys(words).length > 0)) {
      Object.assign(draft, empty(), words, { photos })
      restored.value = true
    }
    watch(draft, saveWords, { deep: true, immediate: true })
    watch(() => draft.photos, savePhotos)
  })()
  return loaded
}

/** Begin anew; who reports stays for the next report of this visit. */
export async function clear(): Promise<void> {
  const { name, phone, confidential } = draft
  Object.assign(draft, empty(), { name, phone, confidential })
  restored.value = false
  await nextTick()
  await savePhotos()
}

/** Write again what could not be sent. */
export function reopen(body: Schema['ReportBody'], photos: readonly Blob[]): void {
  const { lon, lat } = body
  Object.assign(draft, empty(), {
    text: body.text,
    address: body.address ?? '',
    spot: lon != null && lat != null ? { lon, lat, by: 'map' } : null,
    kind: body.kind ?? null,
    photos: [...photos],
    name: body.reporter?.name ?? '',
    phone: body.reporter?.phone ?? '',
    confidential: body.reporter?.confidential ?? false,
  })
}
