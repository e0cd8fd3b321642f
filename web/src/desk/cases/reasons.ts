/** Why the platform chose as it did, in one shape for every choice: a sentence's parts, the words
 * or rules that spoke for it, and what else it could have been. */

export type Sort = 'kind' | 'place' | 'unit'

export interface Choice {
  sort: Sort
  /** The code that was chosen. */
  value: string
  /** How it was found: "text", "point", "responsibility", "hand" … */
  by: string
  /** From 0 to 1, where the choice knows it. */
  confidence: number | null
  /** The words of the text that spoke for it. */
  words: string[]
  /** The parts of the rule that said so. */
  rule: string[]
  /** What else was considered, the likeliest first. */
  others: string[]
  /** Why a person chose otherwise, and what it was before. */
  said: string
  was: string
}

type Reason = Record<string, unknown>

const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [])
const keys = (value: unknown): string[] => (value !== null && typeof value === 'object' ? Object.keys(value) : [])
const text = (value: unknown): string => (typeof value === 'string' ? value : '')

const PARTS = ['function', 'level', 'pattern', 'source', 'basis', 'refused', 'address', 'matched'] as const

/** A stored reason, read. Unknown ones keep what they say under `by`. */
export function readChoice(sort: Sort, value: string | null | undefined, reason: Reason | null | undefined): Choice {
  const given = reason ?? {}
  const was = (given.was ?? {}) as Reason
  const ranked = Object.entries((given.runners_up ?? {}) as Record<string, number>)
    .sort((one, other) => other[1] - one[1])
    .map(([key]) => key)
  const before = text(was.value)
  const considered = [...ranked, ...list(given.considered), ...(before ? [before] : [])]
  return {
    sort,
    value: value ?? '',
    by: text(given.by) || 'unknown',
    confidence: typeof given.confidence === 'number' ? given.confidence : null,
    words: keys(given.words),
    rule: PARTS.flatMap((part) => (text(given[part]) ? [text(given[part])] : [])),
    others: [...new Set(considered)].filter((code) => code !== value && code !== ''),
    said: text(given.reason),
    was: before,
  }
}
