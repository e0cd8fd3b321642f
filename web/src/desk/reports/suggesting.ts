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
