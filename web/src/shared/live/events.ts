/** Server-sent events with resume: what was missed while the line was down comes first.
 *
 * The browser's own EventSource hands out named events only by name and says nothing of why it was
 * refused; this reads the same stream through `fetch`.
 */
import { onScopeDispose, ref, type Ref } from 'vue'

import { ownHeaders } from '../api/client'
import { Problem } from '../api/problem'

export type LineState = 'connecting' | 'live' | 'waiting' | 'ended'

export interface Sent {
  id: string
  name: string
  data: string
}

const FIRST_MS = 1000
const MOST_MS = 30_000
const SILENCE_MS = 45_000 // the service sends a sign of life every 15 s

/** Takes the text of a stream as it comes, hands out whole events (HTML standard 9.2.6). */
export class EventReader {
  private rest = ''
  private name = ''
  private lines: string[] = []
  id = ''
  retry = 0

  constructor(private readonly tell: (sent: Sent) => void) {}

  take(text: string): void {
    const parts = (this.rest + text).split(/\r\n|\n|\r(?!$)/)
    this.rest = parts.pop() ?? ''
    for (const line of parts) this.line(line)
  }

  private line(line: string): void {
    if (line === '') {
      if (this.lines.length > 0) {
        this.tell({ id: this.id, name: this.name || 'message', data: this.lines.join('\n') })
      }
      this.name = ''
      this.lines = []
      return
    }
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') this.name = value
    else if (field === 'data') this.lines.push(value)
    else if (field === 'id' && !value.includes('\0')) this.id = value
    else if (field === 'retry' && /^\d+$/.test(value)) this.retry = Number(value)
  }
}

export interface Line {
  state: Ref<LineState>
  problem: Ref<Problem | null>
  close: () => void
}

/** How long to wait before the n-th new attempt (from 1), with a draw between half and whole. */
export function backOff(attempt: number, first: number, draw: number): number {
  return Math.min(first * 2 ** (attempt - 1), MOST_MS) * (0.5 + draw / 2)
}

/** Listen to a stream until `close`. */
export function listen(path: string, tell: (sent: Sent) => void): Line {
  const state = ref<LineState>('connecting')
  const problem = ref<Problem | null>(null)
  const reader = new EventReader(tell)
  let stopping = new AbortController()
  let closed = false
  let attempt = 0
  let wake: () => void = () => undefined

  async function once(): Promise<void> {
    stopping = new AbortController()
    const headers = {
      ...ownHeaders('GET'),
      Accept: 'text/event-stream',
      ...(reader.id ? { 'Last-Event-ID': reader.id } : {}),
    }
    const response = await fetch(path, { headers, signal: stopping.signal, cache: 'no-store' })
    if (!response.ok || response.body === null) throw await Problem.of(response)
    state.value = 'live'
    problem.value = null
    attempt = 0
    const stream = response.body.pipeThrough(new TextDecoderStream()).getReader()
    let watch = 0
    for (;;) {
      watch = window.setTimeout(() => stopping.abort(), SILENCE_MS)
      const part = await stream.read().finally(() => window.clearTimeout(watch))
      if (part.done) return
      reader.take(part.value)
    }
  }

  async function run(): Promise<void> {
    while (!closed) {
      try {
        await once()
      } catch (error) {
        if (error instanceof Problem) {
          problem.value = error
          if ([401, 403, 404, 422].includes(error.status)) break
        }
      }
      if (closed) break
      state.value = 'waiting'
      attempt += 1
      const ms = backOff(attempt, reader.retry || FIRST_MS, Math.random())
      await new Promise<void>((resolve) => {
        wake = resolve
        setTimeout(resolve, ms)
      })
    }
    state.value = 'ended'
    window.removeEventListener('online', hurry)
  }

  function hurry(): void {
    wake()
  }

  window.addEventListener('online', hurry)
  void run()
  return {
    state,
    problem,
    close: () => {
      closed = true
      wake()
      stopping.abort()
    },
  }
}

/** Listen as long as the component lives. */
export function useLine(path: string, tell: (sent: Sent) => void): Line {
  const line = listen(path, tell)
  onScopeDispose(line.close)
  return line
}
