/** The outbox: everything done on the spot waits here until the service has answered it.
 *
 * Each wish has one key for its whole life, so that however often it is sent, it is done once. Of a
 * task nothing overtakes what was done before it. One page at a time sends, whoever holds the lock.
 */
import { computed, shallowRef } from 'vue'

import { me, resume } from '@/shared/session/session'

import { transact } from '../store/database'
import { nextLook, past, sendable, type Entry, type Wish } from './model'
import { deliver, type Delivered } from './sending'

const LOCK = 'yiwang.field.outbox'
const CHANNEL = 'yiwang.field.outbox'

export const everything = shallowRef<Entry[]>([])
export const mine = computed(() => everything.value.filter((entry) => entry.person === me.value?.name))
export const waiting = computed(() => mine.value.filter((entry) => entry.state !== 'done'))
export const refused = computed(() => mine.value.filter((entry) => entry.state === 'refused'))
/** How many things wait that somebody else did on this phone. */
export const foreign = computed(
  () => everything.value.filter((entry) => entry.person !== me.value?.name && entry.state !== 'done').length,
)
/** Whether the service could be reached when it was asked last. */
export const reachable = shallowRef(navigator.onLine)

const listeners = new Set<(delivered: Delivered, entry: Entry) => void>()
const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(CHANNEL) : null
let timer: number | undefined

/** Called with each answer that came for something in the outbox. */
export function whenDelivered(listener: (delivered: Delivered, entry: Entry) => void): void {
  listeners.add(listener)
}

async function look(): Promise<void> {
  everything.value = await transact(['entries'], 'readonly', (stores) => stores.all<Entry>('entries'))
}

async function changed(): Promise<void> {
  await look()
  channel?.postMessage('changed')
}

async function save(entry: Entry): Promise<void> {
  await transact(['entries'], 'readwrite', (stores) => stores.put('entries', entry))
  await changed()
}

/** Put a wish into the line; it is kept when this resolves, whatever happens to the app. */
export async function post(
  wish: Wish,
  about: { task: string; title: Entry['title']; version: number | null; key?: string; draft?: string },
): Promise<void> {
  const person = me.value?.name
  if (person === undefined) throw new Error('nobody is signed in')
  const entry: Entry = {
    key: about.key ?? crypto.randomUUID(),
    person,
    task: about.task,
    title: about.title,
    made: new Date().toISOString(),
    wish: structuredClone(wish),
    version: about.version,
    state: 'waiting',
    tries: 0,
    notBefore: 0,
    arrived: {},
    found: null,
    status: null,
    refusal: null,
    now: null,
    doneAt: null,
    after: null,
  }
  await transact(['entries', 'drafts'], 'readwrite', async (stores) => {
    const known = await stores.all<Entry>('entries')
    // two clicks are one wish
    if (known.some((other) => other.key === entry.key)) return
    const sameTask = known.filter((other) => other.person === person && other.task === entry.task)
    // behind another, it takes that one's answer; after one just answered, it has seen that answer
    if (sameTask.some((other) => other.state !== 'done')) entry.version = null
    else for (const other of sameTask) if (entry.version !== null && (other.after ?? 0) > entry.version) entry.version = other.after
    await stores.put('entries', entry)
    if (about.draft !== undefined) await stores.drop('drafts', [person, about.draft])
  })
  await changed()
  void send()
}

/** What an answer changes: the entry, what follows it, and the photos that have arrived. */
async function settle(entry: Entry, delivered: Delivered): Promise<void> {
  await transact(['entries', 'photos'], 'readwrite', async (stores) => {
    await stores.put('entries', entry)
    if (entry.state !== 'done') return
    for (const key of entry.wish.photos) await stores.drop('photos', key)
    const all = await stores.all<Entry>('entries')
    const next = all.find(
      (other) => other.person === entry.person && other.task === entry.task && other.state !== 'done' && (other.at ?? 0) > (entry.at ?? 0),
    )
    if (next && delivered.version !== null) await stores.put('entries', { ...next, version: delivered.version })
    for (const old of past(all)) if (old.at !== undefined) await stores.drop('entries', old.at)
  })
  await changed()
  for (const tell of listeners) tell(delivered, entry)
}

async function work(): Promise<void> {
  for (;;) {
    await look()
    const person = me.value?.name
    const entry = person === undefined ? undefined : sendable(everything.value, person, Date.now())[0]
    if (!entry) return
    const sending: Entry = { ...entry, state: 'sending' }
    await save(sending)
    const delivered = await deliver(sending, save)
    reachable.value = delivered.reached
    await settle(delivered.entry, delivered)
    if (delivered.signedOut) await resume()
    if (!delivered.reached || delivered.signedOut) return
  }
}

/** Send what may be sent now; another page of this app that already sends does it for all. */
export async function send(): Promise<void> {
  window.clearTimeout(timer)
  if (me.value === null) return
  await navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) => {
    if (lock) await work()
  })
  await look()
  const next = nextLook(everything.value, me.value?.name ?? '')
  if (next !== null) timer = window.setTimeout(() => void send(), Math.max(1000, next - Date.now()))
}

/** The line is back: what waited for its time goes now. */
async function hurry(): Promise<void> {
  await transact(['entries'], 'readwrite', async (stores) => {
    for (const entry of await stores.all<Entry>('entries')) {
      if (entry.state === 'waiting' && entry.notBefore > 0) await stores.put('entries', { ...entry, notBefore: 0 })
    }
  })
  await changed()
  await send()
}

/** Send everything now that is not refused. */
export const sendNow = hurry

/** Send a refused wish again, on the matter as it is now. */
export async function insist(entry: Entry): Promise<void> {
  await save({
    ...entry,
    state: 'waiting',
    version: entry.now?.version ?? entry.version,
    refusal: null,
    status: null,
    now: null,
    notBefore: 0,
  })
  await send()
}

/** Take a wish out of the line. What follows it in its task takes the matter as it is now. Photos go
 * with it, unless they are wanted for something else. */
export async function withdraw(entry: Entry, keepPhotos = false): Promise<void> {
  await transact(['entries', 'photos'], 'readwrite', async (stores) => {
    if (entry.at !== undefined) await stores.drop('entries', entry.at)
    if (!keepPhotos) for (const key of entry.wish.photos) await stores.drop('photos', key)
    const version = entry.now?.version ?? entry.version
    const next = (await stores.all<Entry>('entries')).find(
      (other) => other.person === entry.person && other.task === entry.task && other.state !== 'done',
    )
    if (next && next.version === null && version !== null) await stores.put('entries', { ...next, version })
  })
  await changed()
  await send()
}

/** Begin: show what waits, send it, and go on whenever there is a chance. */
export async function begin(): Promise<void> {
  await look()
  channel?.addEventListener('message', () => void look())
  window.addEventListener('online', () => {
    reachable.value = true
    void hurry()
  })
  window.addEventListener('offline', () => (reachable.value = false))
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void hurry()
  })
  await hurry()
}
