/** Things found by typing: units, kinds, places, people who may take a check, cases. */
import { api, got } from '../api/client'
import { fetchDistricts, fetchKinds, fetchUnits, stateName } from '../api/reference'
import type { Name } from '../language/language'

export type Lookup = 'unit' | 'kind' | 'place' | 'person' | 'case'

/** What a form is about: what may be chosen depends on it. */
export interface About {
  matter: string
  id: number
  place?: string
  kind?: string | null
  lon?: number | null
  lat?: number | null
}

export interface Thing {
  code: string
  name: Name
  /** What tells it apart from another of the same name. */
  note: Name
}

const MOST = 20
const both = (text: string): Name => ({ zh: text, en: text })

/** Whether a thing is meant by what was typed. */
export function fits(thing: Thing, typed: string): boolean {
  const wanted = typed.trim().toLowerCase()
  return [thing.code, thing.name.zh, thing.name.en].some((part) => part.toLowerCase().includes(wanted))
}

async function findUnits(typed: string): Promise<Thing[]> {
  const all = (await fetchUnits()).map((unit) => ({ code: unit.code, name: unit.name, note: both(unit.code) }))
  return all.filter((thing) => fits(thing, typed)).slice(0, MOST)
}

async function findKinds(typed: string): Promise<Thing[]> {
  const leaves = (await fetchKinds()).filter((kind) => kind.leaf)
  const all = leaves.map((kind) => ({ code: kind.key, name: kind.name, note: both(kind.code) }))
  return all.filter((thing) => fits(thing, typed)).slice(0, MOST)
}

/** What lies around a place: the names along its path without its own. */
function around({ zh, en }: Name, path: Name): Name {
  return {
    zh: path.zh.endsWith(zh) ? path.zh.slice(0, -zh.length) : path.zh,
    en: path.en.startsWith(en) ? path.en.slice(en.length).replace(/^, /, '') : path.en,
  }
}

/** Places of every level; the districts until something is typed. */
async function findPlaces(typed: string): Promise<Thing[]> {
  const query = { q: typed.trim(), limit: MOST }
  const rows = typed.trim() ? (await got(api.GET('/api/v1/places', { params: { query } }))).items : await fetchDistricts()
  return rows.map((row) => ({ code: row.code, name: row.name, note: around(row.name, row.path_name) }))
}

async function findPeople(typed: string, about: About): Promise<Thing[]> {
  const path = { number: about.id }
  const { items } = await got(api.GET('/api/v1/checks/{number}/people', { params: { path } }))
  const all = items.map((one) => ({
    code: String(one.id),
    name: both(one.name),
    note: { zh: `未完成核查 ${one.open}`, en: `${one.open} open` },
  }))
  return all.filter((thing) => fits(thing, typed))
}

/** Cases by number or words; until something is typed, open ones of the same kind and place. */
async function findCases(typed: string, about?: About): Promise<Thing[]> {
  const near = { state: 'open', ...(about?.kind ? { kind: about.kind } : {}), ...(about?.place ? { place: about.place } : {}) }
  const query = { limit: MOST, ...(typed.trim() ? { q: typed.trim() } : near) }
  const { items } = await got(api.GET('/api/v1/cases', { params: { query } }))
  const others = items.filter((row) => about?.matter !== 'case' || row.id !== about.id)
  return others.map((row) => ({
    code: String(row.id),
    name: { zh: `${row.kind_name?.zh ?? ''} ${row.number}`, en: `${row.kind_name?.en ?? ''} ${row.number}` },
    note: both([stateName('case', row.state), row.address || row.title].filter(Boolean).join(' · ')),
  }))
}

/** What is found for what was typed, the likeliest first. */
export async function find(of: Lookup, typed: string, about?: About): Promise<Thing[]> {
  if (of === 'unit') return findUnits(typed)
  if (of === 'kind') return findKinds(typed)
  if (of === 'place') return findPlaces(typed)
  if (of === 'case') return findCases(typed, about)
  return about ? findPeople(typed, about) : []
}
