/** The live picture: every open case I may see, as points, told of each change as it happens. */
import { onScopeDispose, shallowRef, watch, type Ref } from 'vue'

import { ask } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'
import { listen, type Line } from '@/shared/live/events'
import type { Spot } from '@/shared/map/CityMap.vue'

interface Picture {
  cursor: string
  columns: { id: number[]; lon: (number | null)[]; lat: (number | null)[]; flags: number[] }
}

/** [id, number, lon, lat, kind, place, state, flags, …] */
type Change = [number, string, number | null, number | null, string, string, string, number, ...unknown[]]

interface Told {
  set: Change[]
  gone: number[]
}

const URGENT = 1
const OVERDUE = 2
const SUPERVISED = 4
const DRAWN_MS = 400 // what comes in a burst is drawn once

const moodOf = (flags: number): Spot['mood'] => (flags & (URGENT | OVERDUE) ? 'alarm' : flags & SUPERVISED ? 'watch' : 'plain')

export function usePicture(on: Ref<boolean>) {
  const spots = shallowRef<readonly Spot[]>([])
  const problem = shallowRef<Problem | null>(null)
  const known = new Map<number, Spot>()
  let line: Line | null = null
  let drawing: number | undefined

  function put(id: number, lon: number | null, lat: number | null, flags: number): void {
    if (lon === null || lat === null) known.delete(id)
    else known.set(id, { id, lon, lat, mood: moodOf(flags) })
  }

  function draw(): void {
    drawing ??= window.setTimeout(() => {
      drawing = undefined
      spots.value = [...known.values()]
    }, DRAWN_MS)
  }

  function stop(): void {
    line?.close()
    line = null
    window.clearTimeout(drawing)
    drawing = undefined
  }

  async function begin(): Promise<void> {
    stop()
    try {
      const picture = await ask<Picture>('GET', '/api/v1/picture')
      if (!on.value) return
      const { id, lon, lat, flags } = picture.columns
      known.clear()
      id.forEach((number, i) => put(number, lon[i] ?? null, lat[i] ?? null, flags[i] ?? 0))
      spots.value = [...known.values()]
      problem.value = null
      line = listen(`/api/v1/picture/changes?since=${encodeURIComponent(picture.cursor)}`, (sent) => {
        // whoever fell too far behind begins with the picture again
        if (sent.name === 'reset') void begin()
        if (sent.name !== 'changes') return
        const told = JSON.parse(sent.data) as Told
        for (const one of told.set) put(one[0], one[2], one[3], one[7])
        for (const number of told.gone) known.delete(number)
        draw()
      })
    } catch (error) {
      problem.value = Problem.from(error)
    }
  }

  watch(on, (now) => (now ? void begin() : stop()), { immediate: true })
  onScopeDispose(stop)
  return { spots, problem }
}
