/** The panels of the screen: which stand where, and each one's figures, asked again as they age. */
import { computed, onScopeDispose, reactive, ref, shallowRef, watch, type Ref } from 'vue'

import { api, got, type Schema } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'

export type Screen = Schema['ScreenOut']
export type Figures = Schema['PanelOut']
export type Placed = Schema['PlacedOut']
export type Mode = Schema['LayoutOut']['mode']
export type Region = 'top' | 'left' | 'right' | 'bottom'

const EVERY_MS = 10_000
// a browser holds six connections: the picture and its changes come first
const AT_ONCE = 3
/** What changes with every step of a case. */
const LIVELY = new Set(['latest', 'overdue_list', 'open_now', 'opened_today', 'closed_today', 'overdue_now'])
const LIVELY_MS = 1000

export function usePanels(place: Ref<string>, mode: Ref<Mode>, at: Ref<Date | null>) {
  const screen = shallowRef<Screen | null>(null)
  const problem = ref<Problem | null>(null)
  const figures = reactive(new Map<string, Figures>())
  const problems = reactive(new Map<string, Problem>())
  let stopping = new AbortController()
  let lively: number | undefined
  let lately = 0

  const layout = computed(() => screen.value?.modes.find((row) => row.mode === mode.value) ?? null)

  async function learnScreen(): Promise<void> {
    try {
      const query = place.value ? { place: place.value } : {}
      screen.value = await got(api.GET('/api/v1/panels', { params: { query } }))
      problem.value = null
    } catch (error) {
      problem.value = Problem.from(error)
    }
  }

  async function askOne(panel: string, signal: AbortSignal): Promise<void> {
    const query = {
      ...(place.value ? { place: place.value } : {}),
      ...(at.value ? { at: at.value.toISOString() } : {}),
    }
    try {
      const path = { mode: mode.value, panel }
      const found = await got(api.GET('/api/v1/panels/{mode}/{panel}', { params: { path, query }, signal }))
      if (signal.aborted) return
      figures.set(panel, found as Figures)
      problems.delete(panel)
    } catch (error) {
      if (!signal.aborted) problems.set(panel, Problem.from(error))
    }
  }

  async function askAll(names: readonly string[]): Promise<void> {
    const { signal } = stopping
    const rest = [...names]
    const hand = async (): Promise<void> => {
      for (let next = rest.shift(); next !== undefined && !signal.aborted; next = rest.shift()) await askOne(next, signal)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, hand))
  }

  const names = (): string[] => [...new Set(layout.value?.panels.map((row) => row.panel) ?? [])].filter((name) => name !== 'roster')

  /** Ask for everything anew: another place, mode or moment. */
  function renew(): void {
    stopping.abort()
    stopping = new AbortController()
    void askAll(names())
  }

  /** Something happened to a case. */
  function stir(): void {
    if (at.value !== null || lively !== undefined) return
    const wait = Math.max(LIVELY_MS - (performance.now() - lately), 0)
    lively = window.setTimeout(() => {
      lively = undefined
      lately = performance.now()
      void askAll(names().filter((name) => LIVELY.has(name)))
    }, wait)
  }

  const timer = window.setInterval(() => {
    if (at.value === null && document.visibilityState === 'visible') void askAll(names())
  }, EVERY_MS)
  watch(place, learnScreen)
  watch(layout, renew)
  onScopeDispose(() => {
    window.clearInterval(timer)
    window.clearTimeout(lively)
    stopping.abort()
  })

  return { screen, layout, problem, figures, problems, learnScreen, renew, stir }
}
