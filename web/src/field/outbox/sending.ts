/** Brings one wish to the service: its photos first, each once, then what was done. */
import { ownHeaders } from '@/shared/api/client'

import { photosOf } from '../photos/photos'
import { isFinal, pause, type Entry, type Refused } from './model'

export interface Delivered {
  entry: Entry
  /** The version of the matter after it; what follows builds on it. */
  version: number | null
  /** The matter or case that was answered. */
  matter: Record<string, unknown> | null
  reached: boolean
  signedOut: boolean
}

/** The service's no, or that it could not be asked. */
class Answered extends Error {
  constructor(
    readonly status: number,
    readonly refusal: Refused | null,
    readonly retryAfter: number,
  ) {
    super(`${status}`)
  }
}

const TIMEOUT_MS = 60_000

async function ask(method: string, path: string, body: BodyInit | null, headers: Record<string, string> = {}): Promise<Record<string, unknown>> {
  let answer: Response
  try {
    answer = await fetch(path, {
      method,
      body,
      headers: { ...ownHeaders(method), ...headers },
      credentials: 'same-origin',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } catch {
    throw new Answered(0, null, 0)
  }
  let found: unknown = null
  try {
    found = await answer.json()
  } catch {
    // an answer cut off is no answer
    if (answer.ok) throw new Answered(0, null, 0)
  }
  if (answer.ok) return found as Record<string, unknown>
  throw new Answered(answer.status, found as Refused | null, Number(answer.headers.get('retry-after') ?? 0))
}

type Save = (entry: Entry) => Promise<void>

/** Photos are known by their content: one that arrived is the same when it is sent again. */
async function bringPhotos(entry: Entry, to: string, save: Save): Promise<Entry> {
  let now = entry
  for (const photo of await photosOf(entry.wish.photos)) {
    if (photo.key in now.arrived) continue
    const form = new FormData()
    form.append('photos', photo.blob, `${photo.key}.${photo.blob.type.split('/')[1] ?? 'jpeg'}`)
    form.append('role', photo.role)
    form.append('taken_at', photo.taken_at)
    if (photo.lon !== null && photo.lat !== null) {
      form.append('lon', photo.lon.toFixed(6))
      form.append('lat', photo.lat.toFixed(6))
    }
    const answer = await ask('POST', `${to}/photos`, form)
    const kept = (answer.items as { id: number }[])[0]
    now = { ...now, arrived: { ...now.arrived, [photo.key]: kept?.id ?? 0 } }
    await save(now)
  }
  return now
}

async function bring(entry: Entry, save: Save): Promise<{ entry: Entry; matter: Record<string, unknown> | null }> {
  const { wish } = entry
  const json = { 'Content-Type': 'application/json', 'Idempotency-Key': entry.key }
  if (wish.sort === 'finding') {
    const answer = await ask('POST', '/api/v1/cases', JSON.stringify(wish.body), json)
    const found = { id: Number(answer.id), number: String(answer.number) }
    const filed = { ...entry, found }
    await save(filed)
    return { entry: await bringPhotos(filed, `/api/v1/cases/${found.id}`, save), matter: answer }
  }
  const path = `/api/v1/${wish.matter}s/${wish.id}`
  const now = await bringPhotos(entry, path, save)
  if (wish.sort === 'photos') return { entry: now, matter: null }
  const evidence = wish.photos.map((key) => now.arrived[key]).filter((id) => id !== undefined)
  const facts = evidence.length > 0 ? { ...wish.facts, evidence } : wish.facts
  const matter = await ask('POST', `${path}/actions/${wish.action}`, JSON.stringify({ facts }), {
    ...json,
    ...(entry.version === null ? {} : { 'If-Match': `"${entry.version}"` }),
  })
  return { entry: now, matter }
}

/** The matter as it is now, for whoever has to decide. */
async function present(entry: Entry): Promise<Entry['now']> {
  if (entry.wish.sort === 'finding') return null
  try {
    const found = await ask('GET', `/api/v1/${entry.wish.matter}s/${entry.wish.id}`, null)
    const actions = found.actions as { action: string }[]
    return { state: String(found.state), version: Number(found.version), possible: actions.map((row) => row.action) }
  } catch (error) {
    if (error instanceof Answered) return null // no longer theirs, or the line is gone again
    throw error
  }
}

/** Try once. Whatever comes of it stands in the entry; only a bug is thrown. */
export async function deliver(entry: Entry, save: Save): Promise<Delivered> {
  let latest = entry
  const keep: Save = async (now) => {
    latest = now
    await save(now)
  }
  try {
    const { entry: now, matter } = await bring(entry, keep)
    const version = entry.wish.sort === 'action' && matter ? Number(matter.version) : entry.version
    const doneAt = new Date().toISOString()
    const done: Entry = { ...now, state: 'done', doneAt, after: version, refusal: null, status: null }
    return { entry: done, version, matter, reached: true, signedOut: false }
  } catch (error) {
    if (!(error instanceof Answered)) throw error
    const reached = error.status !== 0
    const base = { version: null, matter: null, reached, signedOut: error.status === 401 }
    if (isFinal(error.status)) {
      const now = await present(latest)
      const entryNow: Entry = { ...latest, state: 'refused', status: error.status, refusal: error.refusal, now }
      return { ...base, entry: entryNow }
    }
    const tries = latest.tries + 1
    const wait = Math.max(pause(tries, Math.random()), error.retryAfter * 1000)
    const later: Entry = { ...latest, state: 'waiting', tries, status: error.status, refusal: error.refusal, notBefore: Date.now() + wait }
    return { ...base, entry: later }
  }
}
