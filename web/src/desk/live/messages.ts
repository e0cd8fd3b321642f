/** What was just done, told once at the foot of the page, with a way back where there is one. */
import { ref } from 'vue'

export interface Message {
  id: number
  text: string
  /** A way back or on: its name and what it does. */
  next?: { label: string; run: () => void }
}

const STAYS_MS = 9000
export const messages = ref<Message[]>([])
let count = 0

/** Tell something; it goes by itself after a while. */
export function tell(text: string, next?: Message['next']): void {
  count += 1
  const id = count
  messages.value = [...messages.value.slice(-2), { id, text, ...(next ? { next } : {}) }]
  window.setTimeout(() => drop(id), STAYS_MS)
}

export function drop(id: number): void {
  messages.value = messages.value.filter((message) => message.id !== id)
}
