/** What is being filled in, kept with every stroke: the app may be closed at any moment. */
import { me } from '@/shared/session/session'

import { transact } from '../store/database'

export interface Draft<T> {
  person: string
  name: string
  key: string
  value: T
}

/** The draft of this name, if there is one. */
export async function findDraft<T>(name: string): Promise<Draft<T> | null> {
  const person = me.value?.name ?? ''
  return (await transact(['drafts'], 'readonly', (stores) => stores.get<Draft<T>>('drafts', [person, name]))) ?? null
}

/** Keep a draft. `key` becomes the idempotency key of what is made of it. */
export async function keepDraft<T>(name: string, key: string, value: T): Promise<void> {
  const person = me.value?.name ?? ''
  const draft: Draft<T> = { person, name, key, value: JSON.parse(JSON.stringify(value)) as T }
  await transact(['drafts'], 'readwrite', (stores) => stores.put('drafts', draft))
}

export async function dropDraft(name: string): Promise<void> {
  await transact(['drafts'], 'readwrite', (stores) => stores.drop('drafts', [me.value?.name ?? '', name]))
}
