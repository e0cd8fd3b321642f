/** What happens in the city as far as it concerns me: one stream for the whole face, however many
 * parts of it listen, because a browser keeps few connections to one machine. */
import { onScopeDispose, shallowRef } from 'vue'

import type { Schema } from '@/shared/api/client'
import { listen, type Line, type LineState } from '@/shared/live/events'

export interface Happening {
  /** "case.dispatch", "order.accept" … */
  action: string
  at: string
  matter: string
  id: number
  /** The case it belongs to, where it does. */
  case: number | null
  number: string | null
  before: string | null
  after: string | null
}

interface Told {
  type: string
  time: string
  data: Omit<Happening, 'action' | 'at'>
}

/** Who else has a case open that I have open. */
export interface Presence {
  case: number
  others: Schema['Present'][]
}

const PREFIX = 'yiwang.'
const listeners = new Set<(happening: Happening) => void>()
const watchers = new Set<(presence: Presence) => void>()
const line = shallowRef<Line | null>(null)

/** Begin to listen, for whoever has signed in. */
export function open(): void {
  close()
  const made = listen('/api/v1/events', (sent) => {
    if (sent.name === 'presence') {
      const presence = JSON.parse(sent.data) as Presence
      for (const tell of [...watchers]) tell(presence)
    }
    if (!sent.name.startsWith(PREFIX)) return
    const told = JSON.parse(sent.data) as Told
    const happening = { ...told.data, action: told.type.slice(PREFIX.length), at: told.time }
    for (const tell of [...listeners]) tell(happening)
  })
  line.value = made
}

/** Stop listening. */
export function close(): void {
  line.value?.close()
  line.value = null
}

/** The state of the stream now, for whoever shows it. */
export function stateOf(): LineState {
  return line.value?.state.value ?? 'ended'
}

/** Hear of everything as long as the component lives. */
export function useHappenings(tell: (happening: Happening) => void): void {
  listeners.add(tell)
  onScopeDispose(() => listeners.delete(tell))
}

/** Hear who comes to my cases and who leaves, as long as the component lives. */
export function usePresences(tell: (presence: Presence) => void): void {
  watchers.add(tell)
  onScopeDispose(() => watchers.delete(tell))
}

/** Hear of bursts as one: `tell` is called once, `wait` milliseconds after the first of them. */
export function useBursts(wanted: (happening: Happening) => boolean, tell: () => void, wait = 600): void {
  let gathering: number | undefined
  useHappenings((happening) => {
    if (!wanted(happening)) return
    gathering ??= window.setTimeout(() => {
      gathering = undefined
      tell()
    }, wait)
  })
  onScopeDispose(() => window.clearTimeout(gathering))
}
