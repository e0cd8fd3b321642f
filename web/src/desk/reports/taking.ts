/** A call becomes a case, a report that waits, or one more report of a case: one thing at a time, and
 * whatever fails leaves every word where it is. */
import { computed, ref, shallowRef, type ComputedRef } from 'vue'

import { ask, type Schema } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'
import { say, words } from '@/shared/language/language'

import type { Call } from './call'

export interface Taken {
  receipt: string
  id: number | null
  number: string
  says: string
  seconds: number
}

/** What the call comes to as far as it is known: chosen, or judged from what is written. */
export interface Judged {
  kind: string
  place: string
  at: { lon: number; lat: number } | null
}

function bodyOf(call: Call, at: Judged['at']): Record<string, unknown> {
  const reporter = {
    ...(call.name.trim() ? { name: call.name.trim() } : {}),
    ...(call.phone.trim() ? { phone: call.phone.trim() } : {}),
  }
  return {
    text: call.text.trim(),
    source: 'hotline',
    ...(call.address.trim() ? { address: call.address.trim() } : {}),
    ...(at ?? {}),
    ...(call.urgent ? { urgent: true } : {}),
    ...(Object.keys(reporter).length > 0 ? { reporter } : {}),
  }
}

export function useTaking(call: Call, judged: ComputedRef<Judged>, seconds: () => number, done: () => void) {
  const busy = ref(false)
  const asked = ref(false)
  const problem = ref<Problem | null>(null)
  const taken = shallowRef<Taken | null>(null)
  const lacks = computed(() => ({
    text: call.text.trim() === '',
    kind: judged.value.kind === '',
    place: judged.value.at === null && judged.value.place === '',
  }))

  async function send<T>(path: string, more: Record<string, unknown>): Promise<T> {
    return ask<T>('POST', path, {
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': call.key },
      body: JSON.stringify({ ...bodyOf(call, judged.value.at), ...more }),
    })
  }

  async function once(make: () => Promise<Omit<Taken, 'seconds'>>): Promise<void> {
    if (busy.value) return
    busy.value = true
    problem.value = null
    try {
      taken.value = { ...(await make()), seconds: seconds() }
      asked.value = false
      done()
    } catch (error) {
      problem.value = Problem.from(error)
      // another body under the same key is refused: what is mended afterwards is a new attempt
      if (problem.value.status === 409 || problem.value.status === 422) call.key = crypto.randomUUID()
    } finally {
      busy.value = false
    }
  }

  /** Whether it can be sent; else the first thing that lacks has the focus. */
  function isWhole(names: readonly (keyof typeof lacks.value)[]): boolean {
    asked.value = true
    const first = names.find((name) => lacks.value[name])
    if (first) document.getElementById(`call-${first}`)?.focus()
    return first === undefined
  }

  /** File the case at once. */
  async function file(): Promise<void> {
    if (!isWhole(['text', 'place', 'kind'])) return
    const { kind, place, at } = judged.value
    await once(async () => {
      const filed = await send<Schema['FiledCase']>('/api/v1/cases', { kind, ...(at ? {} : { place }) })
      return { receipt: filed.receipt.number, id: filed.id, number: filed.number, says: say(filed.kind_name) }
    })
  }

  /** Only take it down; with `same`, as one more report of that case. */
  async function keep(same: string | null): Promise<void> {
    if (!isWhole(['text'])) return
    const kind = call.kind ? { kind: call.kind } : {}
    await once(async () => {
      const receipt = await send<{ number: string }>('/api/v1/reports', same ? { same_as: same } : kind)
      const says = same ? words.t('desk.reports.attached', { number: same }) : words.t('desk.reports.queued')
      return { receipt: receipt.number, id: null, number: same ?? '', says }
    })
  }

  return { busy, asked, problem, taken, lacks, file, keep }
}
