/** A week of the roster on the city's clock: its days, and the shifts that touch each. */
import { ref } from 'vue'

import { fieldOf, momentOf } from '@/shared/times/times'

/** When a plan was saved here last, in milliseconds: who is on duty may be others since. */
export const savedAt = ref(0)

export const ROLES = ['duty_chief', 'deputy', 'operator'] as const

export interface Shift {
  role: string
  person: number
  name: string
  since: string
  until: string
}

const DAY_MS = 86_400_000

/** The day a field of a date holds: "2026-03-09". */
export const dayOf = (at: string | number | Date): string => fieldOf(at).slice(0, 10)

/** The day some days later; by the calendar, whatever a clock change does. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T12:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10)
}

/** The Monday of the week a day lies in. */
export function mondayOf(day: string): string {
  const weekday = (new Date(`${day}T12:00:00Z`).getUTCDay() + 6) % 7
  return addDays(day, -weekday)
}

export const startOf = (day: string): string => momentOf(`${day}T00:00`)

/** The shifts that touch a day, earliest first. */
export function shiftsOn<T extends Shift>(shifts: readonly T[], day: string): T[] {
  const from = Date.parse(startOf(day))
  const to = Date.parse(startOf(addDays(day, 1)))
  return shifts
    .filter((shift) => Date.parse(shift.since) < to && Date.parse(shift.until) > from)
    .sort((one, other) => one.since.localeCompare(other.since) || one.name.localeCompare(other.name))
}

/** A shift of some hours that begins on a day at a time ("08:00"); past midnight it ends the next day. */
export function shiftOf(role: string, person: number, name: string, day: string, from: string, to: string): Shift {
  const end = to > from ? day : addDays(day, 1)
  return { role, person, name, since: momentOf(`${day}T${from}`), until: momentOf(`${end}T${to}`) }
}

/** The same shifts some days later, at the same time on the clock. */
export function moved(shifts: readonly Shift[], days: number): Shift[] {
  const later = (at: string): string => {
    const field = fieldOf(at)
    return momentOf(`${addDays(field.slice(0, 10), days)}T${field.slice(11)}`)
  }
  return shifts.map((shift) => ({ ...shift, since: later(shift.since), until: later(shift.until) }))
}

const keyOf = (shift: Shift): string => [shift.role, shift.person, Date.parse(shift.since), Date.parse(shift.until)].join(' ')

/** The shifts of `these` that are not among `others`. */
export function without(these: readonly Shift[], others: readonly Shift[]): Shift[] {
  const known = new Set(others.map(keyOf))
  return these.filter((shift) => !known.has(keyOf(shift)))
}

/** What somebody else changed while I planned. */
export interface Meanwhile {
  added: Shift[]
  removed: Shift[]
}

export const meanwhile = (before: readonly Shift[], now: readonly Shift[]): Meanwhile => ({
  added: without(now, before),
  removed: without(before, now),
})

/** My plan with what the other changed: what they added is in it, what they removed is not. */
export function joined(mine: readonly Shift[], theirs: Meanwhile): Shift[] {
  const rest = without(mine, theirs.removed)
  return [...rest, ...without(theirs.added, rest)]
}
