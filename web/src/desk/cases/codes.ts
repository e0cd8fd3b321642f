/** What the codes inside facts and reasons are called: units and kinds by name, the rest as it is. */
import { shallowRef } from 'vue'

import type { Schema } from '@/shared/api/client'
import { fetchKinds, fetchUnits, stateName, term } from '@/shared/api/reference'
import { say } from '@/shared/language/language'
import { moment } from '@/shared/times/times'

const units = shallowRef<ReadonlyMap<string, Schema['UnitRow']>>(new Map())
const kinds = shallowRef<ReadonlyMap<string, Schema['Kind']>>(new Map())

/** Learn the names; once for the page's life. */
export async function learnCodes(): Promise<void> {
  const [allUnits, allKinds] = await Promise.all([fetchUnits(), fetchKinds()])
  units.value = new Map(allUnits.map((unit) => [unit.code, unit]))
  kinds.value = new Map(allKinds.map((kind) => [kind.key, kind]))
}

export const unitName = (code: string): string => say(units.value.get(code)?.name) || code
export const kindName = (key: string): string => say(kinds.value.get(key)?.name) || key

const UNITS = new Set(['unit', 'lead', 'against', 'assist', 'holder'])
const MOMENTS = /^\d{4}-\d\d-\d\dT/

/** A value of a fact or field, for reading. */
export function valueName(field: string, value: unknown, matter = 'case'): string {
  if (value === null || value === undefined || value === '') return '–'
  if (Array.isArray(value)) return value.map((one) => valueName(field, one, matter)).join('、')
  if (typeof value === 'object') {
    return Object.entries(value)
      .map(([key, one]) => `${key} ${valueName(key, one, matter)}`)
      .join(' · ')
  }
  if (typeof value === 'boolean') return value ? '✓' : '✗'
  const text = String(value)
  if (UNITS.has(field)) return unitName(text)
  if (field === 'kind') return kindName(text)
  if (field === 'state') return stateName(matter, text)
  if (field === 'clock' || field === 'mode' || field === 'outcome') return term(field, text)
  return MOMENTS.test(text) ? moment(text) : text
}
