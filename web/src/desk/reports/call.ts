/** What an agent takes down while on the phone; kept in this tab until it is sent, so that neither
 * a reload nor a closed line loses a word, and no other person at this machine finds it. */
import { reactive, watch } from 'vue'

export interface Call {
  phone: string
  name: string
  text: string
  address: string
  place: string
  kind: string
  lon: number | null
  lat: number | null
  urgent: boolean
  /** The same for every attempt to send this call, so that it is taken once. */
  key: string
  /** When the first character was typed, in milliseconds. */
  begun: number
}

const STORE = 'yiwang.desk.call'
const newKey = (): string => crypto.randomUUID()

export const blankCall = (): Call => ({
  phone: '',
  name: '',
  text: '',
  address: '',
  place: '',
  kind: '',
  lon: null,
  lat: null,
  urgent: false,
  key: newKey(),
  begun: 0,
})

function stored(who: string): Partial<Call> {
  try {
    const kept = JSON.parse(sessionStorage.getItem(STORE) ?? '{}') as { who?: string; call?: Partial<Call> }
    return kept.who === who ? (kept.call ?? {}) : {}
  } catch {
    return {}
  }
}

export const isBlank = (call: Call): boolean =>
  !call.phone && !call.name && !call.text && !call.address && !call.place && !call.kind && call.lon === null

/** The call of this person in this tab. */
export function useCall(who: string) {
  const call = reactive<Call>({ ...blankCall(), ...stored(who) })
  watch(
    call,
    () => {
      if (!call.begun && !isBlank(call)) call.begun = Date.now()
      try {
        if (isBlank(call)) sessionStorage.removeItem(STORE)
        else sessionStorage.setItem(STORE, JSON.stringify({ who, call }))
      } catch {
        // storage is closed to us: the page still holds it
      }
    },
    { deep: true },
  )
  return { call, clear: (): void => void Object.assign(call, blankCall()) }
}
