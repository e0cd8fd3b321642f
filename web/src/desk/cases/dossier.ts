/** All of a case: the case itself, its reports, photos, orders, checks, approvals, disputes and its
 * history, fetched together and kept fresh while it is looked at. */
import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'

import { api, got, type Schema } from '@/shared/api/client'
import { fetchMatter, type Matter } from '@/shared/api/matters'
import { Problem } from '@/shared/api/problem'

import { useBursts } from '../live/happenings'
import { differences, type Difference } from './changes'

export type Case = Schema['Case'] & Matter & { matter: string }
export type Part = Schema['OrderRow'] | Schema['CheckRow'] | Schema['ApprovalRow'] | Schema['DisputeRow']

export interface Changed {
  /** What was done since, oldest first. */
  entries: Schema['CaseHistory']['entries']
  differences: Difference[]
}

const MANY = 200
const DETAILED = 20 // reports that are shown with their reporter and photos; further ones are listed

export function useDossier(id: Ref<number>) {
  const found = shallowRef<Case | null>(null)
  const history = shallowRef<Schema['CaseHistory'] | null>(null)
  const reports = shallowRef<Schema['ReportRow'][]>([])
  const details = shallowRef<Record<number, Schema['Report']>>({})
  const photos = shallowRef<Schema['Photo'][]>([])
  const parts = shallowRef<Part[]>([])
  /** What others changed since I came or last acted. */
  const changed = shallowRef<Changed | null>(null)
  const problem = ref<Problem | null>(null)
  let turn = 0
  let gone = false
  onScopeDispose(() => (gone = true))

  async function fetchParts(number: number): Promise<Part[]> {
    const query = { case: number, limit: MANY }
    const lists = await Promise.all([
      got(api.GET('/api/v1/orders', { params: { query } })),
      got(api.GET('/api/v1/checks', { params: { query } })),
      got(api.GET('/api/v1/approvals', { params: { query } })),
      got(api.GET('/api/v1/disputes', { params: { query } })),
    ])
    return lists.flatMap((list) => list.items as Part[])
  }

  async function fetchDetails(rows: readonly Schema['ReportRow'][]): Promise<void> {
    const wanted = rows.flatMap((row) => (row.id ? [row.id] : [])).slice(0, DETAILED)
    const answers = await Promise.all(wanted.map((number) => fetchMatter('report', number)))
    details.value = Object.fromEntries(answers.map((row) => [row.id, row as Schema['Report']]))
  }

  /** `mine`: what is new is my own doing, and no news to me. */
  async function look(mine = true): Promise<void> {
    turn += 1
    const own = turn
    const number = id.value
    const before = found.value?.id === number ? found.value : null
    const known = before ? (history.value?.entries.length ?? 0) : 0
    try {
      const path = { params: { path: { number } } }
      const [matter, past, said, pictures, rest] = await Promise.all([
        fetchMatter('case', number),
        got(api.GET('/api/v1/cases/{number}/history', path)),
        got(api.GET('/api/v1/reports', { params: { query: { case: number, limit: MANY, sort: 'id' } } })),
        got(api.GET('/api/v1/cases/{number}/photos', path)),
        fetchParts(number),
      ])
      if (own !== turn || gone) return
      found.value = matter as Case
      history.value = past
      reports.value = said.items
      photos.value = pictures.items
      parts.value = rest
      problem.value = null
      const entries = past.entries.slice(known)
      if (mine) changed.value = null
      else if (before && entries.length > 0) {
        const earlier = changed.value
        changed.value = {
          entries: [...(earlier?.entries ?? []), ...entries],
          differences: [...(earlier?.differences ?? []), ...differences(before, matter as Case)],
        }
      }
      await fetchDetails(said.items)
    } catch (error) {
      if (own === turn) problem.value = Problem.from(error)
    }
  }

  watch(
    id,
    () => {
      found.value = null
      history.value = null
      reports.value = []
      parts.value = []
      photos.value = []
      changed.value = null
      void look()
    },
    { immediate: true },
  )
  // an event of my own doing arrives as well: by then its entry is known already
  useBursts((happening) => happening.case === id.value || (happening.matter === 'case' && happening.id === id.value), () => void look(false))

  return { found, history, reports, details, photos, parts, changed, problem, look }
}
