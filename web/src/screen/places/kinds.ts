/** What kinds of cases are called. */
import { shallowRef } from 'vue'

import { fetchKinds } from '@/shared/api/reference'
import { say, type Name } from '@/shared/language/language'

const kinds = shallowRef<ReadonlyMap<string, Name>>(new Map())

export async function learnKinds(): Promise<void> {
  const found = await fetchKinds()
  kinds.value = new Map(found.map((row) => [row.key, row.name]))
}

export function kindName(key: string): string {
  return say(kinds.value.get(key)) || key
}
