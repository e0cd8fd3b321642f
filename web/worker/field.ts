/** The service worker of the field: the app's own files, so that it opens without a line.
 *
 * Files come as one whole version and are changed only as a whole. Of the data nothing is kept here
 * but what the app needs to open at all (the words of the domain, the city and its outlines, who is
 * signed in), asked for anew first; what is given from memory says so and since when. Everything
 * else, the app keeps itself and shows with its moment.
 */
import { asKept, dataOf, dropOthers, files, filesOf, inTime, keepFiles, worker } from './shell'

const FACE = 'field'
const PAGE = '/field/index.html'
const SESSION = '/api/v1/session'
const OUTLINES = '/api/v1/areas'
const KEPT = new Set([SESSION, ...['terms', 'status', 'kinds', 'units', 'lifecycles', 'places'].map((name) => `/api/v1/${name}`)])
const PATIENCE_MS = 2500 // how long a slow line may keep the app from opening

async function activate(): Promise<void> {
  await dropOthers(FACE)
  await worker.clients.claim()
}

/** A kept session does not end by the clock: the service alone says when it is over, as soon as it
 * can be asked. */
async function bodyOf(path: string, kept: Response): Promise<string> {
  return path === SESSION ? JSON.stringify({ ...(await kept.json()), expires_at: null }) : kept.text()
}

async function data(request: Request, path: string): Promise<Response> {
  const cache = await caches.open(dataOf(FACE))
  const kept = await cache.match(path)
  const asked = fetch(request).then(async (answer) => {
    if (answer.ok) await cache.put(path, answer.clone())
    else if (answer.status === 401 && path === SESSION) await cache.delete(path)
    return answer
  })
  if (!kept) return asked
  return (await inTime(asked, PATIENCE_MS)) ?? asKept(kept, await bodyOf(path, kept))
}

/** The outlines of the districts are large and seldom others: what is kept is given at once, and
 * asked for anew beside, by its tag. */
async function outlines(event: FetchEvent): Promise<Response> {
  const cache = await caches.open(dataOf(FACE))
  const kept = await cache.match(OUTLINES)
  const tag = kept?.headers.get('etag')
  const headers: Record<string, string> = tag ? { 'If-None-Match': tag } : {}
  const asked = fetch(OUTLINES, { credentials: 'same-origin', headers }).then(async (answer) => {
    if (answer.ok) await cache.put(OUTLINES, answer.clone())
    return answer
  })
  if (!kept) return asked
  event.waitUntil(asked.then((answer) => answer.text()).catch(() => undefined))
  return asKept(kept, await kept.text())
}

/** Signing out forgets who was signed in; where the line is away, nobody is signed out. */
async function leave(request: Request): Promise<Response> {
  const answer = await fetch(request)
  if (answer.ok || answer.status === 401) await (await caches.open(dataOf(FACE))).delete(SESSION)
  return answer
}

async function file(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(filesOf(FACE))
  return (await cache.match(path)) ?? fetch(request)
}

worker.addEventListener('install', (event) => event.waitUntil(keepFiles(FACE)))
worker.addEventListener('activate', (event) => event.waitUntil(activate()))
worker.addEventListener('message', (event) => {
  if (event.data === 'take over') event.waitUntil(worker.skipWaiting())
})
worker.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (url.origin !== worker.location.origin) return
  if (url.pathname === SESSION && request.method === 'DELETE') return event.respondWith(leave(request))
  if (request.method !== 'GET') return
  if (request.mode === 'navigate') return event.respondWith(file(PAGE, request))
  if (files.has(url.pathname)) return event.respondWith(file(url.pathname, request))
  if (url.search !== '') return
  if (url.pathname === OUTLINES) return event.respondWith(outlines(event))
  if (KEPT.has(url.pathname)) return event.respondWith(data(request, url.pathname))
})
