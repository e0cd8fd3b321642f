/** The city's data as the administration sees it: sorts, items, and the form of each. */
import { ask } from '@/shared/api/client'

export type Body = Record<string, unknown>

export interface FieldSchema {
  $ref?: string
  type?: string
  format?: string
  enum?: (string | number)[]
  items?: FieldSchema
  anyOf?: FieldSchema[]
  properties?: Record<string, FieldSchema>
  required?: string[]
  default?: unknown
}

export interface BodySchema {
  $ref: string
  $defs: Record<string, FieldSchema>
}

export interface Sort {
  sort: string
  count: number
  schema: BodySchema
}

export interface Item {
  item: string
  body: Body
  revision: number | null
  origin: string
}

export interface ItemPage {
  items: Item[]
  next: string | null
  total: number
}

export interface PastChange {
  id: number
  title: string
  reason: string
  state: string
  effective_on: string
  author_name: string | null
  decided_by_name: string | null
  in_force_at: string | null
  created_at: string
  before: Body | null
  after: Body | null
}

export interface ItemHistory {
  item: string
  present: Body | null
  items: PastChange[]
}

const ROOT = '/api/v1/administration/items'
let sorts: Promise<Sort[]> | null = null

/** Every sort that can be revised, asked once. */
export function fetchSorts(): Promise<Sort[]> {
  sorts ??= ask<{ items: Sort[] }>('GET', ROOT).then((found) => found.items)
  sorts.catch(() => (sorts = null))
  return sorts
}

export function fetchItems(sort: string, query: Record<string, string>): Promise<ItemPage> {
  return ask<ItemPage>('GET', `${ROOT}/${sort}?${new URLSearchParams(query)}`)
}

export function fetchHistory(sort: string, item: string): Promise<ItemHistory> {
  return ask<ItemHistory>('GET', `${ROOT}/${sort}/history?${new URLSearchParams({ item })}`)
}

export type FieldSort = 'text' | 'name' | 'flag' | 'number' | 'day' | 'choice' | 'list' | 'value'

export interface FormField {
  name: string
  sort: FieldSort
  needed: boolean
  nullable: boolean
  choices: (string | number)[]
}

function resolve(schema: BodySchema, field: FieldSchema): FieldSchema {
  return field.$ref ? (schema.$defs[field.$ref.split('/').pop() ?? ''] ?? {}) : field
}

function sortOf(field: FieldSchema): FieldSort {
  if (field.enum) return 'choice'
  if (field.properties?.zh && field.properties.en) return 'name'
  if (field.type === 'boolean') return 'flag'
  if (field.type === 'number' || field.type === 'integer') return 'number'
  if (field.type === 'array') return 'list'
  if (field.type === 'string') return field.format === 'date' ? 'day' : 'text'
  return 'value'
}

/** Set by the service: a kind's key follows from its parts, where a row comes from is recorded. */
const GIVEN: Record<string, readonly string[]> = { kinds: ['key'] }

/** The fields of a sort's form, in the order of its schema. */
export function formOf(sort: string, schema: BodySchema): FormField[] {
  const body = resolve(schema, schema)
  return Object.entries(body.properties ?? {})
    .filter(([name]) => name !== 'source' && !GIVEN[sort]?.includes(name))
    .map(([name, given]) => {
      const options = (given.anyOf ?? [given]).map((option) => resolve(schema, option))
      const solid = options.filter((option) => option.type !== 'null')
      const nullable = options.length > solid.length
      const field = solid[0] ?? {}
      return {
        name,
        sort: sortOf(field),
        needed: !nullable && 'default' in given === false && (body.required ?? []).includes(name),
        nullable,
        choices: field.enum ?? [],
      }
    })
}

/** What a new item begins with. */
export function emptyBody(fields: readonly FormField[]): Body {
  const empty: Record<FieldSort, unknown> = { text: '', name: { zh: '', en: '' }, flag: false, number: 0, day: '', choice: '', list: [], value: '' }
  return Object.fromEntries(fields.map((field) => [field.name, field.nullable ? null : structuredClone(empty[field.sort])]))
}
