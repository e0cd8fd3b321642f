/** Who reported what an order is about. Asked for one by one, for each look is recorded; held in the
 * memory of this page alone, never on the phone. */
import { shallowReactive, watch } from 'vue'

import { api, got, type Schema } from '@/shared/api/client'
import { me } from '@/shared/session/session'

export type Reporters = Schema['OrdersReporters']

export const seen = shallowReactive(new Map<number, Reporters>())

watch(
  () => me.value?.name,
  () => seen.clear(),
)

export async function lookUp(order: number): Promise<void> {
  seen.set(order, await got(api.GET('/api/v1/orders/{number}/reporters', { params: { path: { number: order } } })))
}

/** A number as a telephone dials it: digits, with the sign of another country before them. */
export function dialled(phone: string): string {
  const digits = phone.replace(/\D/g, '')
  return `tel:${/^\s*\+/.test(phone) ? '+' : ''}${digits}`
}
