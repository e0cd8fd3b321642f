/** In which order tasks are shown, and how distances are said. */
import type { Schema } from '@/shared/api/client'

import { distance } from '../position/position'

export type Order = 'time' | 'distance'
type Spot = { lon: number; lat: number }
type Placed = { item: Pick<Schema['WorkItem'], 'lon' | 'lat' | 'due' | 'urgent'> }

/** Metres to a task; null where either position is unknown. */
export function metres(task: Placed, from: Spot | null): number | null {
  const { lon, lat } = task.item
  return from && lon !== null && lat !== null ? distance(from, { lon, lat }) : null
}

/** By time left (the urgent first among equals), or by distance with the unplaced last. */
export function arrange<T extends Placed>(tasks: readonly T[], by: Order, from: Spot | null): T[] {
  const due = (task: T): number => (task.item.due === null ? Infinity : new Date(task.item.due).getTime())
  const byTime = (a: T, b: T): number => {
    const [first, second] = [due(a), due(b)]
    return first === second ? Number(b.item.urgent) - Number(a.item.urgent) : first < second ? -1 : 1
  }
  const far = (task: T): number => metres(task, from) ?? Infinity
  const byDistance = (a: T, b: T): number => {
    const [first, second] = [far(a), far(b)]
    return first === second ? byTime(a, b) : first < second ? -1 : 1
  }
  return [...tasks].sort(by === 'time' ? byTime : byDistance)
}

/** "40 m", "1.2 km", no more exact than a phone knows. */
export function said(metresAway: number, number: (n: number, digits: number) => string): string {
  if (metresAway < 1000) return `${number(Math.round(metresAway / 10) * 10, 0)} m`
  return `${number(metresAway / 1000, metresAway < 10_000 ? 1 : 0)} km`
}
