/** The draft being put together: changes are collected from the items, and kept on this machine until
 * the service has them. */
import { shallowRef } from 'vue'

import type { Body } from '../data/items'

export interface Wished {
  sort: string
  item: string
  /** Null removes the item. */
  body: Body | null
  title: string
}

export interface Basket {
  title: string
  reason: string
  effective_on: string
  changes: Wished[]
  /** The draft at the service that is written anew, with the version that was seen. */
  revision: { id: number; version: number } | null
}

const KEY = 'yiwang.administration.draft'
const empty = (): Basket => ({ title: '', reason: '', effective_on: '', changes: [], revision: null })

function kept(): Basket {
  try {
    return { ...empty(), ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Basket>) }
  } catch {
    return empty()
  }
}

export const basket = shallowRef<Basket>(kept())

export function keep(next: Basket): void {
  basket.value = next
  try {
    localStorage.setItem(KEY, JSON.stringify(next))
  } catch {
    // storage is closed to us: the draft holds for this page
  }
}

/** Put a change into the draft; the same item's earlier one gives way. */
export function put(wished: Wished): void {
  const same = (row: Wished): boolean => wished.item !== '' && row.sort === wished.sort && row.item === wished.item
  keep({ ...basket.value, changes: [...basket.value.changes.filter((row) => !same(row)), wished] })
}

export function drop(index: number): void {
  keep({ ...basket.value, changes: basket.value.changes.filter((_, i) => i !== index) })
}

export function empties(): void {
  keep(empty())
}
