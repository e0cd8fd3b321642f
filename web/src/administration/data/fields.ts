/** What the fields of the city's items mean: whose code stands there, and what it is called. */
import { term, terms } from '@/shared/api/reference'
import { say, type Name } from '@/shared/language/language'

import { fullName, nameOf, type ChoiceOf } from '../choices/choices'

type Terms = 'level' | 'unit_kind' | 'family' | 'day' | 'origin' | 'stage' | 'clock'

interface Meaning {
  /** Codes found by typing. */
  of?: ChoiceOf
  /** Codes that are few enough to be listed. */
  terms?: Terms
}

const MEANT: Record<string, Meaning> = {
  'units.parent': { of: 'unit' },
  'units.kind': { terms: 'unit_kind' },
  'units.functions': { of: 'function' },
  'posts.unit': { of: 'unit' },
  'posts.duties': { of: 'duty' },
  'kinds.parent': { of: 'kind' },
  'kinds.family': { terms: 'family' },
  'limits.kind': { of: 'ruled' },
  'responsibilities.kind': { of: 'ruled' },
  'responsibilities.lead': { of: 'function' },
  'responsibilities.assist': { of: 'function' },
  'calendar.kind': { terms: 'day' },
  'settings.key': { of: 'setting' },
  'appointments.post': { of: 'post' },
  place: { of: 'place' },
  level: { terms: 'level' },
  origin: { terms: 'origin' },
  stage: { terms: 'stage' },
  clock: { terms: 'clock' },
}

/** What stands in a field of a sort. */
export function meaningOf(sort: string, field: string): Meaning {
  return MEANT[`${sort}.${field}`] ?? MEANT[field] ?? {}
}

/** The codes of a field that are few enough to be listed. */
export function listed(meaning: Meaning): string[] {
  return meaning.terms ? Object.keys(terms.value?.[meaning.terms] ?? {}) : []
}

/** What names an item: another one is another item. */
const NAMING: Record<string, readonly string[]> = {
  units: ['code'],
  posts: ['code'],
  kinds: ['scheme', 'version', 'code'],
  limits: ['kind', 'stage', 'milestone', 'place', 'valid_from'],
  responsibilities: ['kind', 'place', 'valid_from'],
  calendar: ['day'],
  settings: ['key', 'place', 'valid_from'],
  words: ['key'],
}
export const namingOf = (sort: string): readonly string[] => NAMING[sort] ?? []

/** What a list of a sort shows beside the name. */
const COLUMNS: Record<string, readonly string[]> = {
  units: ['kind', 'place'],
  posts: ['unit', 'duties'],
  kinds: ['parent', 'family'],
  limits: ['stage', 'amount', 'clock', 'place'],
  responsibilities: ['level', 'lead', 'assist', 'place'],
  calendar: ['kind', 'name'],
  settings: ['value', 'place'],
  words: ['zh', 'en'],
}
export const columnsOf = (sort: string): readonly string[] => COLUMNS[sort] ?? []

const isName = (value: unknown): value is Name =>
  typeof value === 'object' && value !== null && 'zh' in value && 'en' in value

/** A code of a field by its name. */
export function saidCode(meaning: Meaning, code: string): string {
  if (meaning.terms) return term(meaning.terms, code)
  return meaning.of ? nameOf(meaning.of, code) : code
}

/** A value of an item in words for whoever reads it. */
export function shown(meaning: Meaning, value: unknown, flag: (on: boolean) => string, comma: string): string {
  if (value === null || value === undefined || value === '') return '–'
  if (typeof value === 'boolean') return flag(value)
  if (isName(value)) return say(value) || '–'
  if (Array.isArray(value)) return value.map((part) => saidCode(meaning, String(part))).join(comma) || '–'
  return typeof value === 'object' ? JSON.stringify(value) : saidCode(meaning, String(value))
}

/** What an item is called in a list: its name, else what it is about. */
export function titleOf(sort: string, body: Record<string, unknown>, item = ''): string {
  const { name, kind, stage, day, key } = body
  if (sort === 'calendar') return String(day)
  if (sort === 'limits') return `${nameOf('ruled', String(kind))} · ${term('stage', String(stage))}`
  if (sort === 'appointments') return `${String(body.login)} · ${fullName('post', String(body.post))}`
  if (sort === 'responsibilities') return nameOf('ruled', String(kind))
  if (isName(name)) return say(name) || item
  return String(key ?? item)
}
