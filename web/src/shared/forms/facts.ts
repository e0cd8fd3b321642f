/** Facts of an action as fields of a form: which field, what is missing, what is sent. */
import type { Schema } from '../api/client'
import { momentOf } from '../times/times'

export type FactForm = Schema['FactForm']
export type Value = string | boolean | number[] | string[]
export type Values = Record<string, Value>

export type FieldSort =
  | 'choice'
  | 'flag'
  | 'moment'
  | 'number'
  | 'long'
  | 'short'
  | 'unit'
  | 'units'
  | 'kind'
  | 'place'
  | 'person'
  | 'case'
  | 'reports'
  | 'photos'
  | 'numbers'

interface FactSchema {
  type?: string
  enum?: string[]
  format?: string
  maxLength?: number
  minimum?: number
  maximum?: number
}

const LONG = 300 // characters; above, a text gets room for lines
const LOOKED_UP: Record<string, FieldSort> = {
  unit: 'unit',
  against: 'unit',
  assist: 'units',
  kind: 'kind',
  place: 'place',
  person: 'person',
  case: 'case',
  parent: 'case',
  reports: 'reports',
  evidence: 'photos',
}
const LISTS: readonly FieldSort[] = ['photos', 'numbers', 'units', 'reports']
const IDS: readonly FieldSort[] = ['number', 'person', 'case']
const POSITION: readonly string[] = ['lon', 'lat']

export function schemaOf(fact: FactForm): FactSchema {
  return fact.schema as FactSchema
}

/** Which field a fact is asked with. */
export function fieldSort(fact: FactForm): FieldSort {
  const known = LOOKED_UP[fact.name]
  if (known) return known
  const schema = schemaOf(fact)
  if (schema.enum) return 'choice'
  if (schema.type === 'boolean') return 'flag'
  if (schema.format === 'date-time') return 'moment'
  if (schema.type === 'number' || schema.type === 'integer') return 'number'
  if (schema.type === 'array') return 'numbers'
  return (schema.maxLength ?? 0) > LONG ? 'long' : 'short'
}

/** The value a field begins with. */
export function blank(fact: FactForm): Value {
  const sort = fieldSort(fact)
  if (sort === 'flag') return false
  return LISTS.includes(sort) ? [] : ''
}

/** Whether both halves of a position are among these facts: they are asked for as one. */
export function takesPosition(facts: readonly FactForm[]): boolean {
  return POSITION.every((name) => facts.some((fact) => fact.name === name))
}

/** The facts that are asked with a field of their own. */
export function singles(facts: readonly FactForm[]): FactForm[] {
  return takesPosition(facts) ? facts.filter((fact) => !POSITION.includes(fact.name)) : [...facts]
}

/** Whether a field holds nothing. */
export function isBlank(value: Value | undefined): boolean {
  return value === undefined || (typeof value === 'string' ? value.trim() === '' : Array.isArray(value) && value.length === 0)
}

/** The names of the needed facts that are missing. */
export function missing(action: Schema['Action'], values: Values): string[] {
  return action.needs.filter((fact) => isBlank(values[fact.name])).map((fact) => fact.name)
}

/** What the service is told: every fact that was filled in, by its type. */
export function factsOf(action: Schema['Action'], values: Values, touched: ReadonlySet<string>): Record<string, unknown> {
  const needed = new Set(action.needs.map((fact) => fact.name))
  const found: Record<string, unknown> = {}
  for (const fact of [...action.needs, ...action.takes]) {
    const value = values[fact.name]
    if (value === undefined || isBlank(value)) continue
    const sort = fieldSort(fact)
    // a box nobody touched says nothing; a needed one says what it shows
    if (sort === 'flag' && !needed.has(fact.name) && !touched.has(fact.name)) continue
    if (IDS.includes(sort)) found[fact.name] = Number(value)
    else if (sort === 'moment') found[fact.name] = momentOf(String(value))
    else found[fact.name] = typeof value === 'string' ? value.trim() : value
  }
  return found
}
