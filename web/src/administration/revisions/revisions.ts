/** Revisions of the city's data: drafted by one person, approved by another, in force on their day. */
import { ask, type Schema } from '@/shared/api/client'
import type { Name } from '@/shared/language/language'

import type { Body } from '../data/items'

export interface RevisionRow {
  id: number
  version: number
  state: string
  title: string
  reason: string
  effective_on: string
  changes: number
  author: number
  author_name: string | null
  decided_by_name: string | null
  decision: string | null
  restores: number | null
  created_at: string
  submitted_at: string | null
  decided_at: string | null
  in_force_at: string | null
}

export interface Revision extends Omit<RevisionRow, 'changes'> {
  changes: { sort: string; item: string; before: Body | null; after: Body | null }[]
  actions: Schema['Action'][]
}

export interface Difference {
  items: { sort: string; item: string; what: 'added' | 'changed' | 'removed'; fields: { field: string; before: unknown; after: unknown }[] }[]
  touches: Record<'open_cases' | 'due' | 'limits' | 'routes' | 'orders' | 'appointments', number> | null
}

export interface Checked {
  ok: boolean
  errors: { sort: string; item: string; code: string; message: Name; remedy: Name }[]
}

const ROOT = '/api/v1/administration/revisions'
const JSON_TYPE = { 'Content-Type': 'application/json' }

export const fetchRevisions = (query: URLSearchParams): Promise<{ items: RevisionRow[]; next: string | null }> =>
  ask('GET', `${ROOT}?${query}`)
export const fetchRevision = (id: number): Promise<Revision> => ask('GET', `${ROOT}/${id}`)
export const fetchDifference = (id: number): Promise<Difference> => ask('GET', `${ROOT}/${id}/difference`)
export const fetchCheck = (id: number): Promise<Checked> => ask('GET', `${ROOT}/${id}/check`)

export interface Wanted {
  title: string
  reason: string
  effective_on: string
  changes: { sort: string; item: string; body: Body | null }[]
}

export const addRevision = (wanted: Wanted): Promise<Revision> =>
  ask('POST', ROOT, { headers: JSON_TYPE, body: JSON.stringify(wanted) })

export const editRevision = (id: number, version: number, wanted: Wanted): Promise<Revision> =>
  ask('PUT', `${ROOT}/${id}`, { headers: JSON_TYPE, body: JSON.stringify({ ...wanted, version }) })

export const actOn = (revision: Pick<Revision, 'id' | 'version'>, action: string, facts: Record<string, unknown>): Promise<Revision> =>
  ask('POST', `${ROOT}/${revision.id}/actions/${action}`, {
    headers: JSON_TYPE,
    body: JSON.stringify({ facts, version: revision.version }),
  })

export const takeBack = (id: number): Promise<Revision> => ask('POST', `${ROOT}/${id}/reversal`)
