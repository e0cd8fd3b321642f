/** What differs between a case as it was seen and as it is now, in the words of its fields. */

export interface Difference {
  field: string
  before: unknown
  after: unknown
}

/** The fields whose change says something to whoever works on the case. */
const TOLD = [
  'state',
  'kind',
  'place',
  'address',
  'lead',
  'urgent',
  'supervised',
  'typical',
  'due_next',
  'report_count',
  'title',
] as const

export function differences(before: object, after: object): Difference[] {
  const one = before as Record<string, unknown>
  const other = after as Record<string, unknown>
  return TOLD.filter((field) => JSON.stringify(one[field] ?? null) !== JSON.stringify(other[field] ?? null)).map(
    (field) => ({ field, before: one[field] ?? null, after: other[field] ?? null }),
  )
}
