/** What waits to be sent, and what may be sent next: pure, whatever the clock and the line. */
import type { Name } from '@/shared/language/language'

/** A refusal as the service wrote it (RFC 9457). */
export type Refused = Record<string, unknown> & { code?: string; possible?: string[] }

export interface ActionWish {
  sort: 'action'
  matter: 'order' | 'check'
  id: number
  action: string
  label: Name
  facts: Record<string, unknown>
  /** Keys of photos that become the action's evidence. */
  photos: string[]
}

/** Photos for a matter without an action, such as the state before the work. */
export interface PhotosWish {
  sort: 'photos'
  matter: 'order' | 'check'
  id: number
  photos: string[]
}

export interface FindingWish {
  sort: 'finding'
  body: Record<string, unknown>
  photos: string[]
}

export type Wish = ActionWish | PhotosWish | FindingWish
export type EntryState = 'waiting' | 'sending' | 'refused' | 'done'

export interface Entry {
  /** The place in the line; given by the store. */
  at?: number
  /** The idempotency key: one for each wish, whatever happens on the way. */
  key: string
  person: string
  /** What is sent one after the other: "order:7", or a finding alone. */
  task: string
  title: Name
  /** When it was done on the spot. */
  made: string
  wish: Wish
  /** The version of the matter that was seen; null takes that of the answer before it. */
  version: number | null
  state: EntryState
  tries: number
  /** Not before this moment, in milliseconds since 1970. */
  notBefore: number
  /** Photos that have arrived: their number at the service by their key here. */
  arrived: Record<string, number>
  /** The case a finding became. */
  found: { id: number; number: string } | null
  status: number | null
  refusal: Refused | null
  /** The matter as it is now, where it had changed meanwhile. */
  now: { state: string; version: number; possible: string[] } | null
  doneAt: string | null
  /** The version of the matter it led to. */
  after: number | null
}

const FIRST_MS = 2000
const MOST_MS = 5 * 60_000
const KEPT_DONE = 20

/** How long to wait after the n-th failed try (from 1). `draw` from 0 to 1 keeps phones apart. */
export function pause(tries: number, draw: number): number {
  return Math.min(FIRST_MS * 2 ** (tries - 1), MOST_MS) * (0.75 + draw / 2)
}

/** Whether an answer speaks about the wish itself. Anything else is tried again later. */
export function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && ![401, 408, 425, 429].includes(status)
}

/** The first of each task that is not done: nothing of a task overtakes what was done before it. */
export function heads(entries: readonly Entry[]): Entry[] {
  const found = new Map<string, Entry>()
  for (const entry of [...entries].sort((a, b) => (a.at ?? 0) - (b.at ?? 0))) {
    if (entry.state !== 'done' && !found.has(entry.task)) found.set(entry.task, entry)
  }
  return [...found.values()]
}

/** What may be sent now, the oldest first. */
export function sendable(entries: readonly Entry[], person: string, now: number): Entry[] {
  return heads(entries.filter((entry) => entry.person === person)).filter(
    (entry) => entry.state !== 'refused' && entry.notBefore <= now,
  )
}

/** When to look again, in milliseconds since 1970; null where nothing waits. */
export function nextLook(entries: readonly Entry[], person: string): number | null {
  const moments = heads(entries.filter((entry) => entry.person === person))
    .filter((entry) => entry.state !== 'refused')
    .map((entry) => entry.notBefore)
  return moments.length > 0 ? Math.min(...moments) : null
}

export type Standing = 'waiting' | 'behind' | 'sending' | 'again' | 'refused' | 'done'

/** How an entry stands, as it is shown. */
export function standing(entry: Entry, entries: readonly Entry[]): Standing {
  if (entry.state !== 'waiting') return entry.state
  const head = heads(entries.filter((other) => other.person === entry.person && other.task === entry.task))[0]
  if (head !== entry && head?.key !== entry.key) return 'behind'
  return entry.tries > 0 ? 'again' : 'waiting'
}

/** The done ones that need not be shown any longer. */
export function past(entries: readonly Entry[]): Entry[] {
  return entries
    .filter((entry) => entry.state === 'done')
    .sort((a, b) => (b.at ?? 0) - (a.at ?? 0))
    .slice(KEPT_DONE)
}
