/** The work list as it is shown: what the address asks for, fetched page by page, kept fresh. */
import { computed, ref, shallowRef, watch } from 'vue'
import { useRoute, useRouter, type LocationQuery } from 'vue-router'

import { api, got, type Schema } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'

import { useBursts } from '../live/happenings'

export type Item = Schema['WorkItem']

const PAGE = 50
const MOST = 200 // what one request gives at the most

/** The filters of the list that stand in the address and in saved filters. */
export const FILTERS = ['whose', 'matter', 'state', 'kind', 'place', 'unit', 'overdue', 'urgent', 'supervised'] as const
export type Filter = (typeof FILTERS)[number]
export type Filters = Partial<Record<Filter, string>>

export const keyOf = (item: Pick<Item, 'matter' | 'id'>): string => `${item.matter}-${item.id}`

/** Where a matter of the list has its own page. */
export function pageOf(item: Pick<Item, 'matter' | 'id' | 'case_id'>): string {
  if (item.matter === 'report') return `/reports/${item.id}`
  return item.matter === 'case' ? `/cases/${item.id}` : `/cases/${item.case_id ?? 0}#${item.matter}-${item.id}`
}

export function filtersOf(query: LocationQuery): Filters {
  const found: Filters = {}
  for (const name of FILTERS) {
    const given = query[name]
    if (typeof given === 'string' && given) found[name] = given
  }
  return found
}

export function useWork() {
  const route = useRoute()
  const router = useRouter()
  const items = shallowRef<Item[] | null>(null)
  const groups = shallowRef<Schema['WorkGroup'][]>([])
  const following = ref<string | null>(null)
  const problem = ref<Problem | null>(null)
  const busy = ref(false)
  /** What came since the list was first seen. */
  const fresh = shallowRef<ReadonlySet<string>>(new Set())
  const filters = computed(() => filtersOf(route.query))
  let turn = 0

  async function look(cursor: string | null = null): Promise<void> {
    turn += 1
    const mine = turn
    busy.value = true
    const shown = items.value?.length ?? 0
    const limit = cursor ? PAGE : Math.min(MOST, Math.max(PAGE, shown))
    try {
      const page = await got(
        api.GET('/api/v1/work', {
          params: { query: { ...filters.value, limit, ...(cursor ? { cursor } : {}) } as never },
        }),
      )
      if (mine !== turn) return
      const known = new Set((items.value ?? []).map(keyOf))
      if (items.value && !cursor) fresh.value = new Set(page.items.map(keyOf).filter((key) => !known.has(key)))
      items.value = cursor ? [...(items.value ?? []), ...page.items.filter((item) => !known.has(keyOf(item)))] : page.items
      groups.value = page.groups
      following.value = page.next
      problem.value = null
    } catch (error) {
      if (mine === turn) problem.value = Problem.from(error)
    } finally {
      if (mine === turn) busy.value = false
    }
  }

  watch(
    filters,
    (now, before) => {
      if (before && JSON.stringify(now) === JSON.stringify(before)) return
      items.value = null
      fresh.value = new Set()
      void look()
    },
    { immediate: true },
  )
  useBursts(() => true, () => void look())

  /** Change some filters; an empty one goes. */
  function filter(change: Filters): void {
    const wanted = { ...filters.value, ...change }
    void router.replace({
      query: Object.fromEntries(Object.entries(wanted).filter(([, value]) => value)),
    })
  }

  function show(query: Record<string, string>): void {
    void router.replace({ query })
  }

  return {
    items,
    groups,
    following,
    problem,
    busy,
    fresh,
    filters,
    filter,
    show,
    look: () => look(),
    more: () => (following.value ? look(following.value) : Promise.resolve()),
  }
}
