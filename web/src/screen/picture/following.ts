/** The picture of a place: now and as it changes, at a past moment, or a day played back. */
import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'

import { ask } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'
import { listen, type Line, type LineState } from '@/shared/live/events'

import { played } from './moments'
import { Picture, type Columns, type Row } from './picture'
import { fetchPast, type Playback } from './playback'

interface Frame {
  cursor: string
  set: Row[]
  gone: number[]
  steps?: [number, number, string][]
}

export interface Newcomer {
  lon: number
  lat: number
  /** `performance.now()` when it came. */
  since: number
}

const MOST_NEW = 60
const SCRUB_MS = 150

export function useFollowing(place: Ref<string>, centre: [number, number]) {
  const picture = new Picture(...centre)
  /** Grows with every change of the picture; watch it, then read `picture`. */
  const version = ref(0)
  const problem = ref<Problem | null>(null)
  const state = ref<LineState>('connecting')
  /** The past moment that is shown; null: now. */
  const at = shallowRef<Date | null>(null)
  const playing = ref(false)
  const busy = ref(false)
  /** Cases that just opened, for a pulse. */
  const newcomers: Newcomer[] = []
  let line: Line | null = null
  let unwatch: () => void = () => undefined
  let turn = 0
  let frame = 0
  let scrub: number | undefined

  function welcome(lon: number | null, lat: number | null): void {
    if (lon === null || lat === null) return
    newcomers.push({ lon, lat, since: performance.now() })
    if (newcomers.length > MOST_NEW) newcomers.shift()
  }

  function take(sent: Frame): void {
    for (const row of sent.set) {
      if (!picture.has(row[0])) welcome(row[2], row[3])
      picture.set(row)
    }
    for (const id of sent.gone) picture.remove(id)
    version.value += 1
  }

  function hangUp(): void {
    unwatch()
    line?.close()
    line = null
  }

  /** The city as it is, from now on. */
  async function follow(): Promise<void> {
    const mine = (turn += 1)
    hangUp()
    halt()
    busy.value = true
    const where = `place=${encodeURIComponent(place.value)}`
    try {
      const found = await ask<Columns>('GET', `/api/v1/picture?${where}`)
      if (mine !== turn) return
      newcomers.length = 0
      picture.load(found)
      version.value += 1
      problem.value = null
      line = listen(`/api/v1/picture/changes?${where}&since=${encodeURIComponent(found.cursor)}`, (sent) => {
        if (mine !== turn) return
        if (sent.name === 'changes') take(JSON.parse(sent.data) as Frame)
        else if (sent.name === 'reset') void follow()
      })
      const { state: said } = line
      unwatch = watch(said, (now) => (state.value = now), { immediate: true })
    } catch (error) {
      if (mine === turn) problem.value = Problem.from(error)
    } finally {
      if (mine === turn) busy.value = false
    }
  }

  /** One past moment. */
  async function look(moment: Date): Promise<void> {
    const mine = (turn += 1)
    hangUp()
    busy.value = true
    try {
      const found = await ask<Columns>(
        'GET',
        `/api/v1/picture?place=${encodeURIComponent(place.value)}&at=${encodeURIComponent(moment.toISOString())}`,
      )
      if (mine !== turn) return
      newcomers.length = 0
      picture.load(found)
      version.value += 1
      problem.value = null
    } catch (error) {
      if (mine === turn) problem.value = Problem.from(error)
    } finally {
      if (mine === turn) busy.value = false
    }
  }

  function halt(): void {
    playing.value = false
    cancelAnimationFrame(frame)
  }

  /** Show a past moment, or now. */
  function show(moment: Date | null): void {
    window.clearTimeout(scrub)
    halt()
    at.value = moment
    if (moment === null) void follow()
    else scrub = window.setTimeout(() => void look(moment), SCRUB_MS)
  }

  /** Play from one moment to another, a day in a minute. */
  async function play(from: Date, to: Date): Promise<void> {
    window.clearTimeout(scrub)
    const mine = (turn += 1)
    hangUp()
    busy.value = true
    try {
      const past = await fetchPast(picture, place.value, from, to)
      if (mine !== turn) return
      problem.value = null
      newcomers.length = 0
      at.value = from
      playing.value = true
      run(past, from, to, mine)
    } catch (error) {
      if (mine === turn) problem.value = Problem.from(error)
    } finally {
      if (mine === turn) busy.value = false
    }
  }

  function run(past: Playback, from: Date, to: Date, mine: number): void {
    const began = performance.now()
    const step = (now: number): void => {
      if (mine !== turn || !playing.value) return
      const moment = played(from, to, Math.max(now - began, 0))
      const opened = past.seek(moment.getTime() / 1000)
      for (const id of opened.slice(-MOST_NEW)) {
        const slot = picture.slotOf(id)
        if (slot === undefined) continue
        const one = picture.at(slot)
        welcome(one.lon, one.lat)
      }
      at.value = moment
      version.value += 1
      if (moment >= to) halt()
      else frame = requestAnimationFrame(step)
    }
    frame = requestAnimationFrame(step)
  }

  watch(place, () => {
    if (at.value === null) void follow()
    else show(at.value)
  })
  onScopeDispose(() => {
    turn += 1
    window.clearTimeout(scrub)
    halt()
    hangUp()
  })

  return { picture, version, problem, state, at, playing, busy, newcomers, follow, show, play, halt }
}

export type Following = ReturnType<typeof useFollowing>
