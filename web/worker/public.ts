/** The service worker of the public page: without a line a report is still written, and waits.
 *
 * With a line everything comes from the service; what is kept is given only where the line is away,
 * or too slow. Nothing that is about anybody is kept: no receipt, no case, no figure. The other faces
 * lie below the same root and are left alone.
 */
import { asKept, dataOf, dropOthers, files, filesOf, hashed, inTime, keepFiles, later, worker } from './shell'

const FACE = 'public'
const PAGE = '/index.html'
const ELSEWHERE = /^\/(?:api|open311|desk|field|screen|administration)(?:\/|$)/
const FILE = /\.[^/]+$/
const FIRST = ['terms', 'status', 'kinds', 'places'].map((name) => `/api/v1/${name}`)
const KEPT = new Set([...FIRST, '/api/v1/areas'])
const PATIENCE_MS = 4000

/** The city's own words, so that the first visit is enough. */
async function learn(path: string): Promise<void> {
  const answer = await fetch(path, { credentials: 'omit' })
  if (answer.ok) await (await caches.open(dataOf(FACE))).put(path, answer)
}

async function install(): Promise<void> {
  await keepFiles(FACE)
  await Promise.allSettled(FIRST.map(learn))
}

async function page(request: Request): Promise<Response> {
  const kept = await (await caches.open(filesOf(FACE))).match(PAGE)
  const asked = fetch(request)
  return kept ? ((await inTime(asked, PATIENCE_MS)) ?? kept) : asked
}

/** A file that is named by its content; those that are not needed at once are kept when they were. */
async function part(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(filesOf(FACE))
  const kept = await cache.match(path)
  if (kept) return kept
  const answer = await fetch(request)
  if (answer.ok) await cache.put(path, answer.clone())
  return answer
}

/** A file that keeps its name: the newest there is. */
async function sign(path: string, request: Request): Promise<Response> {
  const asked = fetch(request)
  const kept = await (await caches.open(filesOf(FACE))).match(path)
  return kept ? ((await inTime(asked, PATIENCE_MS)) ?? kept) : asked
}

async function data(request: Request, key: string): Promise<Response> {
  const cache = await caches.open(dataOf(FACE))
  const kept = await cache.match(key)
  const asked = fetch(request).then(async (answer) => {
    if (answer.ok) await cache.put(key, answer.clone())
    return answer
  })
  return kept ? ((await inTime(asked, PATIENCE_MS)) ?? asKept(kept, await kept.text())) : asked
}

worker.addEventListener('install', (event) => event.waitUntil(install()))
worker.addEventListener('activate', (event) => event.waitUntil(dropOthers(FACE)))
worker.addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname, search } = new URL(request.url)
  if (origin !== worker.location.origin || request.method !== 'GET') return
  if (request.mode === 'navigate') {
    if (!ELSEWHERE.test(pathname) && !FILE.test(pathname)) event.respondWith(page(request))
  } else if (hashed.has(pathname) || later.has(pathname)) event.respondWith(part(pathname, request))
  else if (files.has(pathname)) event.respondWith(sign(pathname, request))
  else if (KEPT.has(pathname)) event.respondWith(data(request, pathname + search))
})
