/** The service worker of the field: the app's own files, so that it opens without a line.
 *
 * Files come as one whole version, checked by digest, and are changed only as a whole. Of the data
 * nothing is kept here but what the app needs to open at all: the words of the domain, the city, and
 * who is signed in. These are asked for anew first; what is given from memory says so and since when
 * (`Yiwang-Kept`). Everything else, the app keeps itself and shows with its moment.
 */
declare const self: ServiceWorkerGlobalScope
/** Written in by the build. */
declare const VERSION: string
declare const FILES: readonly (readonly [path: string, sha256: string | null])[]

const PAGE = '/field/index.html'
const FILES_NAME = `field ${VERSION}`
const DATA_NAME = 'field data'
const SESSION = '/api/v1/session'
const KEPT = new Set([SESSION, ...['terms', 'status', 'kinds', 'units', 'lifecycles', 'places'].map((name) => `/api/v1/${name}`)])
const PATIENCE_MS = 2500 // how long a slow line may keep the app from opening
const files = new Set(FILES.map(([path]) => path))

async function digest(body: ArrayBuffer): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', body))
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** One file of this version. A name made of the content needs no look at it; of any other the digest
 * must be the build's, or a newer build would be mixed into this one. */
async function keep(cache: Cache, path: string, sha256: string | null): Promise<void> {
  if (sha256 === null) {
    const known = await caches.match(path)
    if (known) return cache.put(path, known)
  }
  const answer = await fetch(path, { cache: sha256 === null ? 'default' : 'reload', credentials: 'same-origin' })
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
  if (sha256 !== null && (await digest(await answer.clone().arrayBuffer())) !== sha256) {
    throw new Error(`${path} is of another version`)
  }
  await cache.put(path, answer)
}

async function install(): Promise<void> {
  const cache = await caches.open(FILES_NAME)
  await Promise.all(FILES.map(([path, sha256]) => keep(cache, path, sha256)))
}

async function activate(): Promise<void> {
  const others = (await caches.keys()).filter((name) => name.startsWith('field ') && name !== FILES_NAME && name !== DATA_NAME)
  await Promise.all(others.map((name) => caches.delete(name)))
  await self.clients.claim()
}

/** A kept answer, with the moment it was given in its head. A kept session does not end by the clock:
 * the service alone says when it is over, as soon as it can be asked. */
async function asKept(path: string, kept: Response): Promise<Response> {
  const headers = new Headers(kept.headers)
  const body = path === SESSION ? JSON.stringify({ ...(await kept.json()), expires_at: null }) : await kept.text()
  headers.delete('Content-Encoding')
  headers.delete('Content-Length')
  headers.set('Yiwang-Kept', kept.headers.get('date') ?? '')
  return new Response(body, { status: 200, headers })
}

async function data(request: Request, path: string): Promise<Response> {
  const cache = await caches.open(DATA_NAME)
  const kept = await cache.match(path)
  const asked = fetch(request).then(async (answer) => {
    if (answer.ok) await cache.put(path, answer.clone())
    else if (answer.status === 401 && path === SESSION) await cache.delete(path)
    return answer
  })
  if (!kept) return asked
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), PATIENCE_MS))
  try {
    const answer = await Promise.race([asked, late])
    if (answer !== null && answer.status < 500) return answer
  } catch {
    // no line: what is kept
  }
  asked.catch(() => undefined)
  return asKept(path, kept)
}

/** Signing out forgets who was signed in; where the line is away, nobody is signed out. */
async function leave(request: Request): Promise<Response> {
  const answer = await fetch(request)
  if (answer.ok || answer.status === 401) await (await caches.open(DATA_NAME)).delete(SESSION)
  return answer
}

async function file(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(FILES_NAME)
  return (await cache.match(path)) ?? fetch(request)
}

self.addEventListener('install', (event) => event.waitUntil(install()))
self.addEventListener('activate', (event) => event.waitUntil(activate()))
self.addEventListener('message', (event) => {
  if (event.data === 'take over') event.waitUntil(self.skipWaiting())
})
self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (url.origin !== self.location.origin) return
  if (url.pathname === SESSION && request.method === 'DELETE') return event.respondWith(leave(request))
  if (request.method !== 'GET') return
  if (request.mode === 'navigate') return event.respondWith(file(PAGE, request))
  if (files.has(url.pathname)) return event.respondWith(file(url.pathname, request))
  if (KEPT.has(url.pathname) && url.search === '') return event.respondWith(data(request, url.pathname))
})

export {}
