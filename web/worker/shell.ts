/** What the faces' service workers share: a page's own files as one whole version, checked by digest,
 * and answers given from memory. */
declare const self: ServiceWorkerGlobalScope
/** Written in by the build: the files a page needs, and those it loads only where they are wanted. */
declare const VERSION: string
declare const FILES: readonly (readonly [path: string, sha256: string | null])[]
declare const LATER: readonly string[]

export const worker = self
/** The files of this version, and those among them that are named by their content. */
export const files: ReadonlySet<string> = new Set(FILES.map(([path]) => path))
export const hashed: ReadonlySet<string> = new Set(FILES.filter(([, sha256]) => sha256 === null).map(([path]) => path))
export const later: ReadonlySet<string> = new Set(LATER)

export const filesOf = (face: string): string => `${face} ${VERSION}`
export const dataOf = (face: string): string => `${face} data`

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

/** Keep every file of this version, or none. */
export async function keepFiles(face: string): Promise<void> {
  const cache = await caches.open(filesOf(face))
  await Promise.all(FILES.map(([path, sha256]) => keep(cache, path, sha256)))
}

/** Let go of the files of other versions. */
export async function dropOthers(face: string): Promise<void> {
  const kept = [filesOf(face), dataOf(face)]
  const others = (await caches.keys()).filter((name) => name.startsWith(`${face} `) && !kept.includes(name))
  await Promise.all(others.map((name) => caches.delete(name)))
}

/** A kept answer, with the moment it was given in its head (`Yiwang-Kept`). */
export function asKept(kept: Response, body: string): Response {
  const headers = new Headers(kept.headers)
  headers.delete('Content-Encoding')
  headers.delete('Content-Length')
  headers.set('Yiwang-Kept', kept.headers.get('date') ?? '')
  return new Response(body, { status: 200, headers })
}

/** What was asked for, if it comes in time and is an answer; null where what is kept must do. */
export async function inTime(asked: Promise<Response>, patienceMs: number): Promise<Response | null> {
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), patienceMs))
  try {
    const answer = await Promise.race([asked, late])
    if (answer !== null && answer.status < 500) return answer
  } catch {
    // no line: what is kept
  }
  asked.catch(() => undefined)
  return null
}
