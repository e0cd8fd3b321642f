/** Arranging panels: what each move makes of a layout. */
import type { Placed, Region } from './panels'

export const REGIONS: readonly Region[] = ['left', 'right', 'bottom', 'top']
export const LARGEST = 4

/** The layout with a panel put before another of a region, or at the region's end. */
export function put(panels: readonly Placed[], name: string, region: string, before: string | null): Placed[] {
  const moved = panels.find((row) => row.panel === name)
  if (!moved || before === name) return [...panels]
  const rest = panels.filter((row) => row.panel !== name)
  const at = before === null ? -1 : rest.findIndex((row) => row.panel === before)
  const found = { ...moved, region }
  return at < 0 ? [...rest, found] : [...rest.slice(0, at), found, ...rest.slice(at)]
}

/** The layout with a panel one place earlier or later in its region. */
export function shift(panels: readonly Placed[], name: string, by: -1 | 1): Placed[] {
  const moved = panels.find((row) => row.panel === name)
  const mates = panels.filter((row) => row.region === moved?.region)
  const at = mates.findIndex((row) => row.panel === name)
  const other = mates[at + by]
  if (!moved || !other) return [...panels]
  return panels.map((row) => (row.panel === name ? other : row.panel === other.panel ? moved : row))
}

/** The layout with a panel larger or smaller. */
export function resize(panels: readonly Placed[], name: string, by: -1 | 1): Placed[] {
  return panels.map((row) =>
    row.panel === name ? { ...row, size: Math.min(Math.max(row.size + by, 1), LARGEST) } : row,
  )
}
