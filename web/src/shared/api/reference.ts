/** What codes are called and what the city consists of: asked once, kept for the page's life. */
import { shallowRef } from 'vue'

import { say, type Name } from '../language/language'
import { setZone } from '../times/times'
import { api, got, type Schema } from './client'

export const terms = shallowRef<Schema['Terms'] | null>(null)
export const status = shallowRef<Schema['Status'] | null>(null)
const known = new Map<string, Promise<unknown>>()

function once<T>(name: string, fetch: () => Promise<T>): Promise<T> {
  const found = known.get(name) as Promise<T> | undefined
  if (found) return found
  const asked = fetch()
  known.set(name, asked)
  asked.catch(() => known.delete(name))
  return asked
}

/** The city and its time zone, and the words of the domain: before anything is drawn. */
export async function learn(): Promise<void> {
  await Promise.all([
    once('terms', async () => (terms.value = await got(api.GET('/api/v1/terms')))),
    once('status', async () => {
      status.value = await got(api.GET('/api/v1/status'))
      setZone(status.value.timezone)
    }),
  ])
}

type Flat = Exclude<keyof Schema['Terms'], 'state' | 'action'>

/** What a code is called: `term('duty', 'handler')`; the code itself where it is no term. */
export function term(sort: Flat, code: string): string {
  return say((terms.value?.[sort] as Record<string, Name> | undefined)?.[code]) || code
}

/** What a state of a matter is called. */
export function stateName(matter: string, state: string): string {
  return say(terms.value?.state[matter]?.[state]) || state
}

/** What an action on a matter is called. */
export function actionName(matter: string, action: string): string {
  return say(terms.value?.action[matter]?.[action]) || action
}

export const fetchKinds = (): Promise<Schema['Kind'][]> =>
  once('kinds', async () => (await got(api.GET('/api/v1/kinds'))).items)

export const fetchUnits = (): Promise<Schema['UnitRow'][]> =>
  once('units', async () => (await got(api.GET('/api/v1/units'))).items)

export const fetchDistricts = (): Promise<Schema['Area'][]> =>
  once('places', async () => (await got(api.GET('/api/v1/places'))).items)
