/** Who is signed in. The session itself is a cookie that no script can read. */
import { computed, ref, shallowRef } from 'vue'

import { api, got, trust, whenSignedOut, type Schema } from '../api/client'
import { Problem } from '../api/problem'
import { dress, type Theme } from '../design/theme'
import { isLanguage, speak, type Language } from '../language/language'

export type Me = Schema['MeOut']

export const me = shallowRef<Me | null>(null)
/** Why the last session ended, if it was not by wish. */
export const ended = shallowRef<Problem | null>(null)
export const settled = ref(false)
export const signedIn = computed(() => me.value !== null)

let expiring: number | undefined

// The cookie cannot be seen from here. This mark says whether asking for a session makes sense at
// all: a page where nobody ever signed in asks nothing.
const MARK = 'yiwang.signed-in'
const mark = {
  get set(): boolean {
    try {
      return localStorage.getItem(MARK) !== null
    } catch {
      return true
    }
  },
  put(present: boolean): void {
    try {
      if (present) localStorage.setItem(MARK, '1')
      else localStorage.removeItem(MARK)
    } catch {
      // storage is closed to us: the service is asked each time
    }
  },
}

function enter(found: Me): void {
  me.value = found
  ended.value = null
  trust(found.csrf)
  if (found.theme) dress(found.theme)
  mark.put(true)
  window.clearTimeout(expiring)
  if (found.expires_at) {
    const ms = new Date(found.expires_at).getTime() - Date.now()
    expiring = window.setTimeout(() => void resume(), Math.min(Math.max(ms, 0) + 500, 2 ** 31 - 1))
  }
}

function leave(why: Problem | null): void {
  window.clearTimeout(expiring)
  me.value = null
  ended.value = why
  trust(null)
  mark.put(false)
}

whenSignedOut((problem) => {
  // who never was in has no session that could be over
  if (me.value !== null) leave(problem)
})

/** Ask the service whose session this is. */
export async function resume(): Promise<void> {
  if (!mark.set) {
    settled.value = true
    return
  }
  try {
    enter(await got(api.GET('/api/v1/session')))
  } catch (error) {
    const problem = Problem.from(error)
    if (problem.status !== 401) throw problem
    leave(me.value === null ? null : problem)
  } finally {
    settled.value = true
  }
}

export async function signIn(login: string, password: string, code: string): Promise<void> {
  const done = await got(api.POST('/api/v1/session', { body: { login, password, code } }))
  // spoken first: no page appears in one language and changes to another
  if (isLanguage(done.me.language)) await speak(done.me.language)
  enter(done.me)
}

export async function signOut(): Promise<void> {
  try {
    await api.DELETE('/api/v1/session')
  } catch (error) {
    if (Problem.from(error).status !== 401) throw error
  }
  leave(null)
}

/** Whether whoever is signed in holds one of these duties anywhere. */
export function holds(...duties: string[]): boolean {
  return me.value?.duties.some((row) => duties.includes(row.duty)) ?? false
}

/** Keep the theme with the account; the browser has it already. */
export async function keepTheme(chosen: Theme): Promise<void> {
  if (me.value !== null) enter(await got(api.PATCH('/api/v1/profile', { body: { theme: chosen } })))
}

/** Keep the language with the account, so that it is spoken on every machine. */
export async function keepLanguage(chosen: Language): Promise<void> {
  if (me.value !== null) enter(await got(api.PATCH('/api/v1/profile', { body: { language: chosen } })))
}
