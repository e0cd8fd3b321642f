/** The way of a report, as its reporter sees it. */
import type { Schema } from '@/shared/api/client'

export type StepName = 'received' | 'filed' | 'dispatched' | 'handled' | 'closed' | 'ended'

export interface Step {
  name: StepName
  at: string | null
  state: 'done' | 'now' | 'next'
}

const WAY: readonly StepName[] = ['received', 'filed', 'dispatched', 'handled', 'closed']
/** How many steps are behind in each state of a case. */
const BEHIND: Readonly<Record<string, number>> = {
  reported: 1,
  verifying: 1,
  filed: 2,
  dispatched: 3,
  suspended: 3,
  checking: 4,
  closed: 5,
}

/** The steps of a receipt: what is done, what is going on, what comes. */
export function stepsOf(receipt: Schema['ReceiptView']): Step[] {
  const found = receipt.case
  const at: Partial<Record<StepName, string | null>> = {
    received: receipt.received_at,
    filed: found?.filed_at ?? null,
    dispatched: found?.dispatched_at ?? null,
    handled: found?.handled_at ?? null,
    closed: found?.closed_at ?? null,
  }
  const over = ['rejected', 'withdrawn'].includes(receipt.state)
  if (over || found?.state === 'cancelled' || found?.state === 'merged') {
    const done = WAY.filter((name) => name !== 'closed' && at[name])
    return [
      ...done.map((name): Step => ({ name, at: at[name] ?? null, state: 'done' })),
      { name: 'ended', at: over ? null : (found?.closed_at ?? null), state: 'done' },
    ]
  }
  const behind = found ? (BEHIND[found.state] ?? 1) : 1
  return WAY.map((name, n) => ({
    name,
    at: n < behind ? (at[name] ?? null) : null,
    state: n < behind ? 'done' : n === behind ? 'now' : 'next',
  }))
}
