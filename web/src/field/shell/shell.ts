/** The app as it lies on the phone: its files kept by the service worker, changed only when asked. */
import { shallowRef, watch } from 'vue'

import { me } from '@/shared/session/session'

/** A newer version of the app is there and waits to be taken. */
export const fresh = shallowRef(false)
/** Whether the app opens without a line by now. */
export const ready = shallowRef(false)

const EVERY_MS = 60 * 60_000
let registration: ServiceWorkerRegistration | null = null
let asked = false

/** Use the newer version: the page begins anew, everything that waits is kept. */
export function update(): void {
  asked = true
  registration?.waiting?.postMessage('take over')
}

function follow(worker: ServiceWorker | null): void {
  if (!worker) return
  const see = (): void => {
    // without one in charge this is the first: it takes over by itself
    if (worker.state === 'installed' && navigator.serviceWorker.controller) fresh.value = true
    if (worker.state === 'activated') ready.value = true
  }
  worker.addEventListener('statechange', see)
  see()
}

/** Let the service worker keep, beside the app, what it needs to open: the words and who it is for. */
// (an answer nobody reads to its end would keep the service worker busy, and a newer one waiting)
async function fill(): Promise<void> {
  const paths = ['session', 'terms', 'status', 'kinds', 'units', 'places', 'lifecycles', 'areas']
  await Promise.allSettled(paths.map((path) => fetch(`/api/v1/${path}`, { credentials: 'same-origin' }).then((answer) => answer.text())))
}

export async function installShell(): Promise<void> {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    if (asked) location.reload()
  })
  registration = await navigator.serviceWorker.register('/field-worker.js', { scope: '/field', updateViaCache: 'none' })
  follow(registration.installing)
  registration.addEventListener('updatefound', () => follow(registration?.installing ?? null))
  if (registration.waiting && navigator.serviceWorker.controller) fresh.value = true
  const look = (): void => {
    if (document.visibilityState === 'visible' && navigator.onLine) void registration?.update().catch(() => undefined)
  }
  window.setInterval(look, EVERY_MS)
  document.addEventListener('visibilitychange', look)
  await navigator.serviceWorker.ready
  ready.value = true
  watch(me, (now) => now && navigator.serviceWorker.controller && void fill(), { immediate: true })
  navigator.serviceWorker.addEventListener('controllerchange', () => me.value && void fill())
}
