/** A list that is searched as one types and grows page by page. */
import { onMounted, ref, shallowRef, watch, type Ref, type ShallowRef, type WatchSource } from 'vue'

import { Problem } from '@/shared/api/problem'

export interface Page<T> {
  items: T[]
  next?: string | null
  total?: number | null
}

export interface Pages<T> {
  /** Null until the first answer. */
  rows: ShallowRef<T[] | null>
  total: Ref<number | null>
  following: Ref<string | null>
  problem: Ref<Problem | null>
  /** Ask anew from the beginning. */
  look: () => Promise<void>
  more: () => Promise<void>
}

const PAUSE_MS = 250

/** Ask with `fetch` now, again when one of `questions` changes, and for the next page on demand. */
export function usePages<T>(fetch: (after?: string) => Promise<Page<T>>, questions: WatchSource[] = []): Pages<T> {
  const rows = shallowRef<T[] | null>(null)
  const total = ref<number | null>(null)
  const following = ref<string | null>(null)
  const problem = ref<Problem | null>(null)
  let timer: number | undefined
  let turn = 0

  async function ask(after?: string): Promise<void> {
    const mine = (turn += 1)
    try {
      const page = await fetch(after)
      if (mine !== turn) return // a later question was asked meanwhile
      rows.value = after ? [...(rows.value ?? []), ...page.items] : page.items
      total.value = page.total ?? null
      following.value = page.next ?? null
      problem.value = null
    } catch (error) {
      if (mine === turn) problem.value = Problem.from(error)
    }
  }

  watch(questions, () => {
    window.clearTimeout(timer)
    timer = window.setTimeout(() => void ask(), PAUSE_MS)
  })
  onMounted(() => ask())
  return {
    rows,
    total,
    following,
    problem,
    look: () => ask(),
    more: () => ask(following.value ?? undefined),
  }
}
