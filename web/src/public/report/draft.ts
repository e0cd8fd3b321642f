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
}

const NAME = 'draft'
const REST_MS = 250

const empty = (): Draft => ({
  text: '',
  address: '',
  spot: null,
  kind: null,
  sameAs: null,
  photos: [],
  name: '',
  phone: '',
})

export const draft = reactive<Draft>(empty())
/** Whether something written on an earlier visit was found. */
export const restored = ref(false)
let timer = 0
let loaded: Promise<void> | null = null

function isEmpty(): boolean {
  return !(draft.text.trim() || draft.address.trim() || draft.spot || draft.photos.length > 0 || draft.sameAs)
}

function plain(): Draft {
  const { spot, sameAs } = draft
  return {
    ...draft,
    spot: spot && { ...spot },
    sameAs: sameAs && { number: sameAs.number, name: { ...sameAs.name } },
    photos: [...draft.photos],
  }
}

async function save(): Promise<void> {
  window.clearTimeout(timer)
  if (isEmpty()) await forget('draft', NAME)
  else await keep('draft', NAME, plain())
}

/** Bring back what was being written; from then on every change is kept. */
export function load(): Promise<void> {
  loaded ??= (async () => {
    const kept = await find<Draft>('draft', NAME)
    // what was typed while the device looked stands
    if (kept && isEmpty()) {
      Object.assign(draft, empty(), kept)
      restored.value = true
    }
    watch(
      draft,
      () => {
        window.clearTimeout(timer)
        timer = window.setTimeout(() => void save(), REST_MS)
      },
      { deep: true },
    )
    window.addEventListener('pagehide', () => void save())
  })()
  return loaded
}

/** Begin anew; name and phone stay for the next report of this visit. */
export async function clear(): Promise<void> {
  const { name, phone } = draft
  Object.assign(draft, empty(), { name, phone })
  restored.value = false
  await nextTick()
  await save()
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
  })
}
