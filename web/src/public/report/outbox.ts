/** Reports on their way: kept on the device until the service has them, each sent exactly once.
 *
 * The key of a report is made once and sent with every attempt, so that the service answers a
 * repeated one with its first receipt. Photos follow one by one; the service knows each by its
 * content. One tab sends at a time.
 */
import { computed, ref } from 'vue'

import { api, ask, got, type Schema } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'

import { all, find, forget, keep } from './store'

export interface Waiting {
  key: string
  made: string
  body: Schema['ReportBody']
  photos: Blob[]
  receipt: Receipt | null
  /** Why the service refused it for good, in its words; the writer decides what happens then. */
  refused: string | null
}

/** A receipt as this device keeps it. */
export interface Receipt {
  number: string
  token: string
  received_at: string
  text: string
}

const FIRST_MS = 2_000
const MOST_MS = 60_000
const LOCK = 'yiwang.outbox'

export const waiting = ref<Waiting[]>([])
export const mine = ref<Receipt[]>([])
export const sending = ref(false)
/** What this visit sent, by the key it was sent under. */
export const sent = ref<Record<string, Receipt>>({})
/** Photos the service would not take, by the number of their report. */
export const lostPhotos = ref<Record<string, string>>({})
export const unsent = computed(() => waiting.value.filter((one) => one.refused === null))

let timer = 0
let pause = FIRST_MS

/** A key that no other report has; `randomUUID` is closed to pages without TLS. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

async function reload(): Promise<void> {
  waiting.value = (await all<Waiting>('outbox')).sort((a, b) => a.made.localeCompare(b.made))
  mine.value = (await all<Receipt>('mine')).sort((a, b) => b.received_at.localeCompare(a.received_at))
}

/** Look for what an earlier visit left, and send it as soon as there is a line. */
export async function wake(): Promise<void> {
  await reload()
  window.addEventListener('online', hurry)
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') hurry()
  })
  void pump()
}

function hurry(): void {
  pause = FIRST_MS
  void pump()
}

/** Put a report into the outbox; it is on the device when this resolves, and is being sent. */
export async function post(one: Waiting): Promise<void> {
  await keep('outbox', one.key, one)
  await reload()
  pause = FIRST_MS
  await pump()
}

/** Take a report out of the outbox, to be written anew or given up. */
export async function drop(key: string): Promise<void> {
  await forget('outbox', key)
  await reload()
}

/** Keep a receipt on this device. */
export async function remember(receipt: Receipt): Promise<void> {
  await keep('mine', receipt.number, receipt)
  await reload()
}

/** Take a receipt off this device. */
export async function disown(number: string): Promise<void> {
  await forget('mine', number)
  await reload()
}

async function alone(todo: () => Promise<void>): Promise<void> {
  // without TLS there are no locks; the keys still keep every report single
  if (!('locks' in navigator)) return todo()
  await navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) => {
    if (lock) await todo()
  })
}

/** Send what waits; what cannot go now is tried again by itself. */
export async function pump(): Promise<void> {
  if (sending.value) return
  window.clearTimeout(timer)
  sending.value = true
  try {
    await alone(async () => {
      for (const one of await all<Waiting>('outbox')) {
        if (one.refused === null) await send(one)
      }
    })
    pause = FIRST_MS
  } catch (error) {
    const problem = Problem.from(error)
    pause = Math.min(problem.status === 429 ? MOST_MS : pause * 2, MOST_MS)
  } finally {
    sending.value = false
    await reload()
    if (unsent.value.length > 0) timer = window.setTimeout(() => void pump(), pause)
  }
}

/** Whether trying again later may help. */
function passes(problem: Problem): boolean {
  return problem.status === 0 || problem.status >= 500 || problem.status === 429 || problem.status === 408
}

async function send(one: Waiting): Promise<void> {
  // another tab may have sent it meanwhile
  const fresh = await find<Waiting>('outbox', one.key)
  if (!fresh || fresh.refused) return
  const receipt = fresh.receipt ?? (await take(fresh))
  if (receipt === null) return
  await keep('mine', receipt.number, receipt)
  sent.value = { ...sent.value, [one.key]: receipt }
  await reload()
  for (let photos = fresh.photos; photos.length > 0; ) {
    await upload(receipt, photos[0] as Blob)
    photos = photos.slice(1)
    await keep('outbox', one.key, { ...fresh, receipt, photos })
    await reload()
  }
  await forget('outbox', one.key)
}

async function take(one: Waiting): Promise<Receipt | null> {
  try {
    const given = await got(
      api.POST('/api/v1/reports', {
        params: { header: { 'Idempotency-Key': one.key } },
        body: one.body,
      }),
    )
    const receipt = {
      number: given.number,
      token: given.token,
      received_at: given.received_at,
      text: one.body.text,
    }
    await keep('outbox', one.key, { ...one, receipt })
    return receipt
  } catch (error) {
    const problem = Problem.from(error)
    if (passes(problem)) throw problem
    await keep('outbox', one.key, { ...one, refused: said(problem) })
    return null
  }
}

function said(problem: Problem): string {
  return problem.faults.map((fault) => fault.detail).join(' ') || problem.detail
}

async function upload(receipt: Receipt, photo: Blob): Promise<void> {
  const body = new FormData()
  body.append('photos', photo, 'photo')
  body.append('role', 'near')
  const query = new URLSearchParams({ token: receipt.token })
  try {
    await ask('POST', `/api/v1/receipts/${receipt.number}/photos?${query}`, { body })
  } catch (error) {
    const problem = Problem.from(error)
    if (passes(problem)) throw problem
    lostPhotos.value = { ...lostPhotos.value, [receipt.number]: said(problem) }
  }
}
