/** What the platform would make of the report so far, asked again when somebody stops typing. */
import { onScopeDispose, ref, watch } from 'vue'

import { api, got, type Schema } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'

import { draft } from './draft'

const REST_MS = 350
const PATIENCE_MS = 1_500

export type Suggestion = Schema['Suggestion']
export type Similar = Schema['SimilarCase']

/** Ask along with the draft, as long as the component lives. */
export function useSuggestion() {
  const found = ref<Suggestion | null>(null)
  const busy = ref(false)
  const problem = ref<Problem | null>(null)
  let stopping = new AbortController()
  let timer = 0
  let asked: Promise<void> = Promise.resolve()
  let pending = false

  async function look(): Promise<void> {
    stopping.abort()
    stopping = new AbortController()
    const { signal } = stopping
    const { text, address, spot, kind } = draft
    pending = false
    if (!text.trim() && !address.trim() && !spot) {
      found.value = null
      busy.value = false
      return
    }
    busy.value = true
    try {
      const position = spot ? { lon: spot.lon, lat: spot.lat } : {}
      const body = { text, address, ...position, ...(kind ? { kind } : {}) }
      const answer = await got(api.POST('/api/v1/suggest', { body, signal }))
      if (signal.aborted) return
      found.value = answer
      problem.value = null
    } catch (error) {
      if (signal.aborted) return
      // without a line the report is written all the same
      problem.value = Problem.from(error)
    }
    busy.value = false
  }

  function soon(): void {
    pending = true
    window.clearTimeout(timer)
    timer = window.setTimeout(() => (asked = look()), REST_MS)
  }

  watch(() => [draft.text, draft.address, draft.spot, draft.kind], soon, { immediate: true })
  onScopeDispose(() => {
    window.clearTimeout(timer)
    stopping.abort()
  })

  /** Wait until what is written now was looked at, but not for long. */
  async function settled(): Promise<void> {
    if (pending) {
      window.clearTimeout(timer)
      asked = look()
    }
    await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))])
  }

  return { found, busy, problem, settled }
}
