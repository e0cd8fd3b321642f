/** What the screen shows: the city as it is, or as it was. */

export const DAY_MS = 86_400_000
/** How long a whole day takes when it is played. */
export const PLAY_MS = 60_000

/** The day around a moment that the slider runs over: the last 24 hours where the moment is in
 * them, else the 24 hours from the last midnight of the city before it. */
export function windowOf(at: Date | null, now: Date, midnight: (at: Date) => Date): [Date, Date] {
  const since = new Date(now.getTime() - DAY_MS)
  if (at === null || at >= since) return [since, now]
  const from = midnight(at)
  return [from, new Date(Math.min(from.getTime() + DAY_MS, now.getTime()))]
}

/** Where a day that is played has got to after so many milliseconds. */
export function played(from: Date, to: Date, spent: number): Date {
  return new Date(Math.min(from.getTime() + (spent * DAY_MS) / PLAY_MS, to.getTime()))
}
