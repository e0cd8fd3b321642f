/** Codes that may stand in a field of the city's data, and what they are called. */
import { shallowReactive } from 'vue'

import { ask } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'
import { say, type Name } from '@/shared/language/language'

export type ChoiceOf = 'unit' | 'post' | 'kind' | 'ruled' | 'place' | 'function' | 'duty' | 'setting'

export interface Choice {
  code: string
  name: Name
  /** What tells it from others of the same name: its place, its unit. */
  about: Name
}

const ROOT = '/api/v1/administration/choices'
const AT_ONCE = 200 // codes of one request

const known = shallowReactive(new Map<string, Choice | null>())
const wanted = new Map<ChoiceOf, Set<string>>()
let asking = false

const key = (of: ChoiceOf, code: string): string => `${of} ${code}`

async function fetch(of: ChoiceOf, query: URLSearchParams): Promise<Choice[]> {
  const { items } = await ask<{ items: Choice[] }>('GET', `${ROOT}/${of}?${query}`)
  for (const choice of items) known.set(key(of, choice.code), choice)
  return items
}

/** What fits a text, the best first. */
export const searchChoices = (of: ChoiceOf, text: string, limit = 20): Promise<Choice[]> =>
  fetch(of, new URLSearchParams({ q: text, limit: String(limit) }))

async function askWanted(): Promise<void> {
  asking = false
  const all = [...wanted]
  wanted.clear()
  for (const [of, set] of all) {
    const codes = [...set]
    for (let i = 0; i < codes.length; i += AT_ONCE) {
      const some = codes.slice(i, i + AT_ONCE)
      try {
        await fetch(of, new URLSearchParams(some.map((code) => ['code', code])))
        for (const code of some) if (!known.has(key(of, code))) known.set(key(of, code), null)
      } catch (error) {
        Problem.from(error) // the codes themselves are shown
      }
    }
  }
}

/** The choice of a code, once it is known; asks for it where it is not. */
export function choiceOf(of: ChoiceOf, code: string): Choice | null {
  const found = known.get(key(of, code))
  if (found !== undefined) return found
  const set = wanted.get(of) ?? new Set<string>()
  wanted.set(of, set.add(code))
  if (!asking) {
    asking = true
    // all that one drawing of the page asks for goes in one question
    queueMicrotask(() => void askWanted())
  }
  return null
}

/** What a code is called; the code itself until that is known, or where the city has it no more. */
export function nameOf(of: ChoiceOf, code: string): string {
  const found = choiceOf(of, code)
  return found ? say(found.name) : code
}

/** The name with what tells it from others. */
export function fullName(of: ChoiceOf, code: string): string {
  const found = choiceOf(of, code)
  return found ? [say(found.about), say(found.name)].filter(Boolean).join(' · ') : code
}
