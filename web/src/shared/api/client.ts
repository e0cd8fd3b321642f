/** The service, by the types of its own document. What it refuses is thrown as a `Problem`. */
import createClient, { type Middleware } from 'openapi-fetch'

import { language } from '../language/language'
import { Problem } from './problem'
import type { components, paths } from './schema'

export type Schema = components['schemas']

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])
const TRIES = 3
const PAUSE_MS = 400
const LONGEST_MS = 4000

let csrf = ''
let onSignedOut: (problem: Problem) => void = () => undefined

/** The CSRF token of the session, as `GET /api/v1/session` gave it. */
export function trust(token: string | null | undefined): void {
  csrf = token ?? ''
}

/** Called when the service says that the session is over. */
export function whenSignedOut(listener: (problem: Problem) => void): void {
  onSignedOut = listener
}

/** The headers every request brings. */
export function ownHeaders(method: string): Record<string, string> {
  return {
    'Accept-Language': language.value,
    ...(csrf && !SAFE.has(method) ? { 'X-CSRF-Token': csrf } : {}),
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Sends a request; only what changes nothing is sent again when the line or the service is away. */
export async function send(request: Request): Promise<Response> {
  const tries = SAFE.has(request.method) ? TRIES : 1
  for (let turn = 1; ; turn += 1) {
    try {
      const response = await fetch(turn < tries ? request.clone() : request)
      if (response.status !== 503 || turn >= tries) return response
      const asked = Number(response.headers.get('retry-after') ?? 0) * 1000
      await pause(Math.min(asked || PAUSE_MS * turn, LONGEST_MS))
    } catch (error) {
      if (request.signal.aborted) throw error
      if (turn >= tries) throw new Problem(0)
      await pause(PAUSE_MS * turn)
    }
  }
}

async function refuse(request: Request, response: Response): Promise<void> {
  if (response.ok || response.status === 304) return
  const problem = await Problem.of(response)
  const about = new URL(request.url).pathname
  if (problem.status === 401 && about !== '/api/v1/session') onSignedOut(problem)
  throw problem
}

const edge: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(ownHeaders(request.method))) {
      request.headers.set(name, value)
    }
    return request
  },
  async onResponse({ request, response }) {
    await refuse(request, response)
  },
}

export const api = createClient<paths>({
  baseUrl: location.origin,
  credentials: 'same-origin',
  fetch: send,
})
api.use(edge)

/** The body of an answer: `const page = await got(api.GET('/api/v1/cases', …))`. */
export async function got<T>(asked: Promise<{ data?: T }>): Promise<T> {
  return (await asked).data as T
}

/** A request whose path the document does not know by type, such as an action of any matter. */
export async function ask<T>(method: string, path: string, init: RequestInit = {}): Promise<T> {
  const headers = new Headers(init.headers)
  for (const [name, value] of Object.entries(ownHeaders(method))) headers.set(name, value)
  const request = new Request(new URL(path, location.origin), {
    ...init,
    method,
    headers,
    credentials: 'same-origin',
  })
  const response = await send(request)
  await refuse(request, response)
  return (response.status === 204 ? undefined : await response.json()) as T
}
