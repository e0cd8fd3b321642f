/** Moments and lengths of time, in the city's own time zone and the page's language. */
import { computed, onScopeDispose, ref, type ComputedRef } from 'vue'

import { language, words } from '../language/language'

const zone = ref('UTC')
const TAGS = { zh: 'zh-CN', en: 'en-GB' } as const
const MINUTE = 60
const HOUR = 3600
const DAY = 86_400

export function setZone(name: string): void {
  zone.value = name
}

const made = new Map<string, Intl.DateTimeFormat>()

function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language.value} ${zone.value} ${JSON.stringify(options)}`
  let found = made.get(key)
  if (!found) {
    found = new Intl.DateTimeFormat(TAGS[language.value], { timeZone: zone.value, hourCycle: 'h23', ...options })
    made.set(key, found)
  }
  return found
}

type Moment = string | number | Date

/** A moment with day and minute, such as "3月10日 09:30"; the year where it is not this one. */
export function moment(at: Moment | null | undefined, now: Date = new Date()): string {
  if (at === null || at === undefined || at === '') return ''
  const date = new Date(at)
  const year = format({ year: 'numeric' })
  const otherYear = year.format(date) !== year.format(now)
  return format({
    ...(otherYear ? { year: 'numeric' } : {}),
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  }).format(date)
}

/** A day, such as "2026年3月10日 星期二". */
export function day(at: Moment): string {
  return format({ year: 'numeric', month: 'long', day: 'numeric', weekday: 'long' }).format(new Date(at))
}

/** The time of day with seconds. */
export function clock(at: Moment): string {
  return format({ hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(new Date(at))
}

/** A length of time in its two largest units. */
export function duration(seconds: number): string {
  const s = Math.round(Math.abs(seconds))
  const t = words.t
  if (s < MINUTE) return t('times.seconds', { n: s })
  if (s < HOUR) return t('times.minutes', { n: Math.round(s / MINUTE) })
  if (s < DAY) {
    const minutes = Math.round((s % HOUR) / MINUTE)
    const hours = t('times.hours', { n: Math.floor(s / HOUR) })
    return minutes > 0 && minutes < 60 ? `${hours} ${t('times.minutes', { n: minutes })}` : hours
  }
  const hours = Math.floor((s % DAY) / HOUR)
  const days = t('times.days', { n: Math.floor(s / DAY) })
  return hours > 0 ? `${days} ${t('times.hours', { n: hours })}` : days
}

/** How long until a moment, or since it. */
export function left(due: Moment, now: Date): string {
  const seconds = (new Date(due).getTime() - now.getTime()) / 1000
  const t = words.t
  return seconds >= 0
    ? t('times.left', { time: duration(seconds) })
    : t('times.over', { time: duration(seconds) })
}

/** Now, again every `every` milliseconds, as long as the component lives. */
export function useNow(every = 1000): ComputedRef<Date> {
  const now = ref(new Date())
  const timer = setInterval(() => (now.value = new Date()), every)
  onScopeDispose(() => clearInterval(timer))
  return computed(() => now.value)
}

/** How far the city's clock is ahead of UTC at a moment, in minutes. */
function ahead(at: Date): number {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone.value,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(at)
  const part = (type: string): number => Number(parts.find((row) => row.type === type)?.value)
  const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
  return Math.round((wall - at.getTime()) / 60_000)
}

/** What a `datetime-local` field holds ("2026-03-10T09:30", on the city's clock) as a moment with
 * its offset; an empty text stays one. */
export function momentOf(field: string): string {
  if (!field) return ''
  const wall = new Date(`${field.length === 16 ? `${field}:00` : field}Z`)
  let minutes = ahead(wall)
  minutes = ahead(new Date(wall.getTime() - minutes * 60_000)) // the other side of a clock change
  const two = (n: number): string => String(Math.floor(n)).padStart(2, '0')
  const size = Math.abs(minutes)
  return `${wall.toISOString().slice(0, 19)}${minutes < 0 ? '-' : '+'}${two(size / 60)}:${two(size % 60)}`
}

/** A moment as a `datetime-local` field holds it, on the city's clock. */
export function fieldOf(at: Moment): string {
  const date = new Date(at)
  return new Date(date.getTime() + ahead(date) * 60_000).toISOString().slice(0, 16)
}
