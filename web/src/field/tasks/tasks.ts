/** My tasks: fetched when there is a line, kept on the phone, shown with the moment they are of. */
import { computed, shallowRef } from 'vue'

import { api, ask, got, type Schema } from '@/shared/api/client'
import { fetchMatter, type MatterName } from '@/shared/api/matters'
import { Problem } from '@/shared/api/problem'
import type { Name } from '@/shared/language/language'
import { me } from '@/shared/session/session'

import type { Entry } from '../outbox/model'
import { mine, reachable, whenDelivered } from '../outbox/outbox'
import { transact } from '../store/database'
import { project, type Projected } from './projection'

export type TaskMatter = (Schema['Order'] | Schema['Check']) & { matter: 'order' | 'check' }

type Done = { unit_name: Name | undefined; result: string | null }

export interface About extends Pick<Schema['Case'], 'title' | 'text' | 'address' | 'number'> {
  /** What the unit says it did, for whoever checks it. */
  done?: Done | null
}

export interface Task {
  person: string
  /** "order:7" */
  task: string
  item: Schema['WorkItem']
  matter: TaskMatter | null
  /** The case it is about, as far as it may be seen. */
  about: About | null
  seen: string
}

interface Note {
  person: string
  name: 'tasks'
  at: string
}

const SORTS = ['order', 'check'] as const
const AT_ONCE = 4
const MOST_AHEAD = 60 // tasks whose whole content is fetched before anybody opens them

export const tasks = shallowRef<Task[] | null>(null)
/** When the list was last heard from the service. */
export const heardAt = shallowRef<string | null>(null)
export const problem = shallowRef<Problem | null>(null)
export const refreshing = shallowRef(false)
const lifecycles = shallowRef<Schema['Lifecycle'][]>([])

export const nameOf = (matter: string, id: number): string => `${matter}:${id}`
export const queueOf = (task: string): Entry[] => mine.value.filter((entry) => entry.task === task)

/** A task as it will be when everything of it has been sent. */
export function ahead(task: Task): Projected {
  const matter = task.matter ?? { matter: task.item.matter, state: task.item.state, actions: [] }
  const lifecycle = lifecycles.value.find((row) => row.matter === task.item.matter)
  const duties = (me.value?.duties ?? []).map((row) => row.duty)
  return project(matter, queueOf(task.task), lifecycle, duties)
}

/** What is still to be done: a task whose last step waits to be sent is none any more. */
export const open = computed(() =>
  (tasks.value ?? []).filter((task) => {
    const lifecycle = lifecycles.value.find((row) => row.matter === task.item.matter)
    return !lifecycle?.final.includes(ahead(task).state)
  }),
)

export async function load(): Promise<void> {
  const person = me.value?.name
  if (person === undefined) return
  learnProcedure().catch(Problem.from) // the service worker keeps it; without it, answers are awaited
  const [kept, note] = await transact(['tasks', 'notes'], 'readonly', (stores) =>
    Promise.all([stores.all<Task>('tasks'), stores.get<Note>('notes', [person, 'tasks'])]),
  )
  tasks.value = note ? kept.filter((task) => task.person === person) : tasks.value
  heardAt.value = note?.at ?? null
}

async function learnProcedure(): Promise<void> {
  if (lifecycles.value.length === 0) lifecycles.value = (await got(api.GET('/api/v1/lifecycles'))).items
}

async function page(matter: (typeof SORTS)[number]): Promise<Schema['WorkItem'][]> {
  const found: Schema['WorkItem'][] = []
  let cursor: string | undefined
  do {
    const query = { matter, whose: 'ours', limit: 200, ...(cursor === undefined ? {} : { cursor }) }
    const answer: Schema['WorkPage'] = await got(api.GET('/api/v1/work', { params: { query: query as never } }))
    found.push(...answer.items)
    cursor = answer.next ?? undefined
  } while (cursor !== undefined && found.length < 1000)
  return found
}

/** What the unit says it did, where that is to be checked. */
async function fetchDone(matter: TaskMatter): Promise<Done | null> {
  if (matter.matter !== 'check' || matter.order_id === null) return null
  const { unit_name, result } = await got(api.GET('/api/v1/orders/{number}', { params: { path: { number: matter.order_id } } }))
  return { unit_name, result }
}

/** Everything about one task, as it is now. */
export async function fetchTask(item: Schema['WorkItem'], known?: Task): Promise<Task> {
  const matter = (await fetchMatter(item.matter as MatterName, item.id)) as TaskMatter
  let about = known?.about ?? null
  if (item.case_id !== null) {
    try {
      const found = await ask<Schema['Case']>('GET', `/api/v1/cases/${item.case_id}`)
      about = { title: found.title, text: found.text, address: found.address, number: found.number, done: await fetchDone(matter) }
    } catch (error) {
      const refusal = Problem.from(error)
      if (refusal.status !== 403 && refusal.status !== 404) throw refusal
    }
  }
  const task: Task = {
    person: me.value?.name ?? '',
    task: nameOf(item.matter, item.id),
    item: { ...item, state: matter.state, version: matter.version },
    matter,
    about,
    seen: new Date().toISOString(),
  }
  await keep(task)
  return task
}

/** The task that was learned of last, whether or not it is on the list. */
export const latest = shallowRef<Task | null>(null)

export async function keep(task: Task): Promise<void> {
  await transact(['tasks'], 'readwrite', (stores) => stores.put('tasks', task))
  latest.value = task
  if (tasks.value?.some((other) => other.task === task.task)) {
    tasks.value = tasks.value.map((other) => (other.task === task.task ? task : other))
  }
}

async function fillIn(wanted: readonly Task[]): Promise<void> {
  const line = [...wanted]
  const one = async (): Promise<void> => {
    for (let task = line.shift(); task; task = line.shift()) {
      try {
        await fetchTask(task.item, task)
      } catch (error) {
        // what was just taken from me need not be shown; without a line the rest waits
        if (Problem.from(error).status === 0) return
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
}

/** Ask the service what is mine now, and keep it. */
export async function refresh(): Promise<void> {
  const person = me.value?.name
  if (person === undefined || refreshing.value) return
  refreshing.value = true
  try {
    await learnProcedure()
    const items = (await Promise.all(SORTS.map(page))).flat()
    const at = new Date().toISOString()
    const stored = await transact(['tasks'], 'readonly', (stores) => stores.all<Task>('tasks'))
    const before = new Map(stored.filter((task) => task.person === person).map((task) => [task.task, task]))
    const fresh = items.map((item): Task => {
      const task = nameOf(item.matter, item.id)
      const known = before.get(task)
      // what is known of it stands until it was asked for anew: the line may go in between
      return { person, task, item, matter: known?.matter ?? null, about: known?.about ?? null, seen: known?.seen ?? at }
    })
    await transact(['tasks', 'notes'], 'readwrite', async (stores) => {
      const names = new Set(fresh.map((task) => task.task))
      const waits = new Set(mine.value.filter((entry) => entry.state !== 'done').map((entry) => entry.task))
      for (const old of await stores.all<Task>('tasks')) {
        if (old.person === person && !names.has(old.task) && !waits.has(old.task)) await stores.drop('tasks', [person, old.task])
      }
      for (const task of fresh) await stores.put('tasks', task)
      await stores.put('notes', { person, name: 'tasks', at } satisfies Note)
    })
    tasks.value = fresh
    heardAt.value = at
    problem.value = null
    reachable.value = true
    await fillIn(fresh.filter((task) => task.matter?.version !== task.item.version).slice(0, MOST_AHEAD))
  } catch (error) {
    problem.value = Problem.from(error)
    if (problem.value.status === 0) reachable.value = false
  } finally {
    refreshing.value = false
  }
}

/** One task: what is kept of it, at once; null where the phone does not know it. */
export async function keptTask(name: string): Promise<Task | null> {
  const person = me.value?.name ?? ''
  return (await transact(['tasks'], 'readonly', (stores) => stores.get<Task>('tasks', [person, name]))) ?? null
}

// the answer to what was sent is the newest there is of its task
whenDelivered((delivered, entry) => {
  void (async () => {
    const known = tasks.value?.find((task) => task.task === entry.task) ?? (await keptTask(entry.task))
    if (!known) return
    if (entry.state === 'refused' && delivered.reached) {
      // whoever has to decide sees the task as it is now
      await fetchTask(known.item, known).catch(Problem.from)
      return
    }
    if (delivered.matter === null || entry.wish.sort !== 'action') return
    const matter = delivered.matter as unknown as TaskMatter
    await keep({ ...known, matter, item: { ...known.item, state: matter.state, version: matter.version }, seen: new Date().toISOString() })
  })()
})
