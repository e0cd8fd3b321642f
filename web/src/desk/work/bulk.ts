/** One action on many matters: which are open to all of them, and what came of each. */
import { api, got, type Schema } from '@/shared/api/client'
import { act, type MatterName } from '@/shared/api/matters'
import { Problem } from '@/shared/api/problem'

import type { Item } from './work'

const MOST = 500 // actions of one request

/** The actions that are open on every one of these; none where they are of different matters. */
export function commonActions(items: readonly Pick<Item, 'matter' | 'actions'>[]): string[] {
  const first = items[0]
  if (!first || items.some((item) => item.matter !== first.matter)) return []
  return first.actions.filter((action) => items.every((item) => item.actions.includes(action)))
}

export interface Refused {
  item: Item
  problem: Problem
}

async function actOnReports(items: readonly Item[], action: string, facts: Record<string, unknown>): Promise<Refused[]> {
  const refused: Refused[] = []
  for (const item of items) {
    try {
      await act({ matter: 'report' satisfies MatterName, id: item.id, version: item.version }, action, facts)
    } catch (error) {
      refused.push({ item, problem: Problem.from(error) })
    }
  }
  return refused
}

/** Do it to all of them as they were seen; those that were refused, each with its reason. */
export async function actOnAll(
  items: readonly Item[],
  action: string,
  facts: Record<string, unknown>,
): Promise<Refused[]> {
  // a report is looked at one by one on its way in, so the service takes one at a time
  if (items[0]?.matter === 'report') return actOnReports(items, action, facts)
  const refused: Refused[] = []
  for (let start = 0; start < items.length; start += MOST) {
    const part = items.slice(start, start + MOST)
    const outcomes = await got(
      api.POST('/api/v1/actions', {
        body: {
          items: part.map((item) => ({
            matter: item.matter as 'case',
            id: item.id,
            version: item.version,
            action,
            facts,
          })),
        },
      }),
    )
    outcomes.items.forEach((outcome: Schema['Outcome'], i) => {
      const item = part[i]
      if (!outcome.ok && item) refused.push({ item, problem: new Problem(outcome.problem?.status ?? 409, outcome.problem as never) })
    })
  }
  return refused
}
