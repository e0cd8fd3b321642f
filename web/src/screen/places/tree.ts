/** Every place of the city by its code: what it is called and what it lies in. */
import { ref, shallowRef } from 'vue'

import { api, got, type Schema } from '@/shared/api/client'
import { say, type Name } from '@/shared/language/language'

type Place = Schema['Area']

/** Grows as levels arrive; watchers see a new map each time. */
export const tree = shallowRef<ReadonlyMap<string, Place>>(new Map())
/** Whether every level is known; before, nothing can be counted by place. */
export const whole = ref(false)
let asked: Promise<void> | null = null

const LEVELS = ['city', 'district', 'town', 'grid', 'community'] as const

/** Learn all places, the larger ones first. */
export function learnPlaces(): Promise<void> {
  asked ??= (async () => {
    for (const level of LEVELS) {
      const { items } = await got(api.GET('/api/v1/places', { params: { query: { level } } }))
      tree.value = new Map([...tree.value, ...items.map((row): [string, Place] => [row.code, row])])
    }
    whole.value = true
  })()
  asked.catch(() => (asked = null))
  return asked
}

/** The codes from the city down to a place; only its own where it is not known yet. */
export function pathOf(code: string): string[] {
  return tree.value.get(code)?.path.split('.') ?? [code]
}

export function nameOf(code: string): string {
  return say(tree.value.get(code)?.name) || code
}

/** Which of the places directly below `parent` a place lies in. */
export function childAbove(parent: string, code: string): string | undefined {
  const path = pathOf(code)
  const at = path.indexOf(parent)
  return at < 0 ? undefined : path[at + 1]
}

/** A place as it is said of a case: its district and town, without the city and without grids. */
export function shortName(code: string): string {
  const names = pathOf(code)
    .map((one) => tree.value.get(one))
    .filter((row) => row?.level === 'district' || row?.level === 'town')
    .map((row) => say(row?.name as Name))
  return names.join(' ') || nameOf(code)
}
