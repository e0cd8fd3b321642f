/** A task as it will be when what waits has been sent: read from the procedure tables, so that work
 * goes on without a line. What the service will say of it stays its own. */
import type { Schema } from '@/shared/api/client'

import type { ActionWish, Entry } from '../outbox/model'

type Lifecycle = Pick<Schema['Lifecycle'], 'matter' | 'rules' | 'final'>
type Action = Schema['Action']

export interface Projected {
  state: string
  actions: Action[]
  /** Whether anything of it waits to be sent. */
  ahead: boolean
}

const ONCE = new Set(['contact']) // the service takes it once
const ASKS = new Set(['ask_extension', 'ask_suspension']) // an answer is awaited before the next step

export function project(
  matter: { matter: string; state: string; actions: readonly Action[] },
  queue: readonly Entry[],
  lifecycle: Lifecycle | undefined,
  duties: readonly string[],
): Projected {
  const wishes = queue
    .filter((entry) => entry.state === 'waiting' || entry.state === 'sending')
    .map((entry) => entry.wish)
    .filter((wish): wish is ActionWish => wish.sort === 'action')
  const present = { state: matter.state, actions: [...matter.actions], ahead: false }
  if (wishes.length === 0 || !lifecycle) return { ...present, ahead: wishes.length > 0 }
  const done = new Set(wishes.map((wish) => wish.action))
  const state = wishes.reduce((from, wish) => {
    const rule = lifecycle.rules.find((row) => row.action === wish.action && row.start.includes(from))
    return rule?.end ?? from
  }, matter.state)
  const asked = [...done].some((action) => ASKS.has(action))
  const open = lifecycle.rules.filter(
    (rule) =>
      !rule.system &&
      rule.start.includes(state) &&
      rule.duty.split('|').some((duty) => duties.includes(duty)) &&
      !(ONCE.has(rule.action) && (done.has(rule.action) || !matter.actions.some((row) => row.action === rule.action))) &&
      !(asked && (ASKS.has(rule.action) || rule.action === 'finish')),
  )
  return { state, actions: open, ahead: true }
}
