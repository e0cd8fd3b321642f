/** What was just done, told once at the foot of the page, with a way back where there is one. */
import { computed, ref } from 'vue'

export interface Message {
  id: number
  text: string
  /** A way back or on: its name and what it does. */
  next?: { label: string; run: () => void }
}

const STAYS_MS = 9000
const OFFERS_MS = 30_000 // a way back is there for longer
export const messages = ref<Message[]>([])
let count = 0

/** Tell something; it goes by itself after a while. */
export function tell(text: string, next?: Message['next']): void {
  count += 1
  const id = count
  messages.value = [...messages.value.slice(-2), { id, text, ...(next ? { next } : {}) }]
  window.setTimeout(() => drop(id), next ? OFFERS_MS : STAYS_MS)
}

export function drop(id: number): void {
  messages.value = messages.value.filter((message) => message.id !== id)
}

/** Do what a message offers; it is done with. */
export function go(message: Message): void {
  drop(message.id)
  message.next?.run()
}

/** The newest message that offers something. */
export const offered = computed(() => [...messages.value].reverse().find((message) => message.next))
