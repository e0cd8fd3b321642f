/** What a report will come to, asked while it is written: the last answer wins, the last good one
 * stays, so that nothing flickers between two letters. */
import { onScopeDispose, ref, shallowRef, watch } from 'vue'

import { api, got, type Schema } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'

export interface Wish {
  text: string
  address: string
  lon: number | null
  lat: number | null
  kind: string
}

const PAUSE_MS = 250
const AROUND = 4

export function useSuggestion(wish: () => Wish) {
  const found = shallowRef<Schema['Suggestion'] | null>(null)
  const problem = ref<Problem | null>(null)
  const busy = ref(false)
  let waiting: number | undefined
  let turn = 0

  async function ask(): Promise<void> {
    const { text, address, lon, lat, kind } = wish()
    turn += 1
    const mine = turn
    if (text.trim().length < 2 && address.trim().length < 2 && lon === null) {
      found.value = null
      return
    }
    busy.value = true
    try {
      const answer = await got(
        api.POST('/api/v1/suggest', {
          body: { text, address, ...(lon !== null && lat !== null ? { lon, lat } : {}), ...(kind ? { kind } : {}) },
        }),
      )
      if (mine !== turn) return
      found.value = answer
      problem.value = null
    } catch (error) {
      if (mine === turn) problem.value = Problem.from(error)
    } finally {
      if (mine === turn) busy.value = false
    }
  }

  watch(
    wish,
    () => {
      window.clearTimeout(waiting)
      waiting = window.setTimeout(() => void ask(), PAUSE_MS)
    },
    { deep: true, immediate: true },
  )
  onScopeDispose(() => window.clearTimeout(waiting))
  return { found, problem, busy }
}

/** Open cases of a kind in a place: what may be the same while nobody knows the exact position. */
export function useAround(where: () => { kind: string; place: string; located: boolean }) {
  const found = shallowRef<readonly Schema['CaseRow'][]>([])
  let turn = 0

  watch(
    () => Object.values(where()).join(' '),
    async () => {
      const { kind, place, located } = where()
      turn += 1
      const mine = turn
      if (!kind || !place || located) {
        found.value = []
        return
      }
      try {
        const page = await got(api.GET('/api/v1/cases', { params: { query: { state: 'open', kind, place, limit: AROUND } } }))
        if (mine === turn) found.value = page.items
      } catch (error) {
        // only a help beside what is written: without it the call goes on
        Problem.from(error)
        if (mine === turn) found.value = []
      }
    },
    { immediate: true },
  )
  return found
}
