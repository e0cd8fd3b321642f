import { describe, expect, it } from 'vitest'

import type { Schema } from '@/shared/api/client'
import { stepsOf } from '@/public/follow/steps'

type Receipt = Schema['ReceiptView']

function receipt(state: string, found: string | null): Receipt {
  const moments = { filed_at: 'F', dispatched_at: 'D', handled_at: 'H', closed_at: found === 'closed' ? 'C' : null }
  return { state, received_at: 'R', case: found && { state: found, ...moments } } as unknown as Receipt
}

const now = (one: Receipt): string => stepsOf(one).find((step) => step.state === 'now')?.name ?? ''
const done = (one: Receipt): number => stepsOf(one).filter((step) => step.state === 'done').length

describe('the steps of a report', () => {
  it.each([
    ['received', null, 1, 'filed'],
    ['filed', 'verifying', 1, 'filed'],
    ['filed', 'filed', 2, 'dispatched'],
    ['attached', 'dispatched', 3, 'handled'],
    ['filed', 'suspended', 3, 'handled'],
    ['filed', 'checking', 4, 'closed'],
    ['filed', 'closed', 5, ''],
  ])('%s, case %s: %i behind, now %s', (state, found, behind, name) => {
    const one = receipt(state, found)
    expect([done(one), now(one), stepsOf(one).length]).toEqual([behind, name, 5])
  })

  it('tell no moment of what begins again', () => {
    // dispatched anew: it was handled and closed before, and is not now
    expect(stepsOf(receipt('filed', 'dispatched')).map((step) => step.at)).toEqual(['R', 'F', 'D', null, null])
  })

  it.each([
    ['rejected', null],
    ['withdrawn', 'dispatched'],
    ['filed', 'cancelled'],
    ['attached', 'merged'],
  ])('end where it ended: %s, case %s', (state, found) => {
    const steps = stepsOf(receipt(state, found))
    expect([steps.at(-1)?.name, steps.every((step) => step.state === 'done')]).toEqual(['ended', true])
  })
})
