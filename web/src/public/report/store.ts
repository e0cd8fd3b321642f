/** What this device keeps by itself: the report being written, those not yet sent, those sent.
 *
 * Kept in IndexedDB, so that photos and words outlive a closed page and a lost line. Where a browser
 * closes it to us (some private windows), everything still works for the life of the page.
 */

const NAME = 'yiwang.public'
const VERSION = 1
export const ROOMS = ['draft', 'outbox', 'mine'] as const
export type Room = (typeof ROOMS)[number]

let opening: Promise<IDBDatabase | null> | null = null
const memory = new Map<Room, Map<string, unknown>>(ROOMS.map((room) => [room, new Map()]))

function open(): Promise<IDBDatabase | null> {
  opening ??= new Promise((resolve) => {
    let request: IDBOpenDBRequest
    try {
      request = indexedDB.open(NAME, VERSION)
    } catch {
      resolve(null)
      return
    }
    request.onupgradeneeded = () => {
      for (const room of ROOMS) request.result.createObjectStore(room)
    }
    request.onsuccess = () => {
      // another tab brings a newer version: let it
      request.result.onversionchange = () => request.result.close()
      resolve(request.result)
    }
    request.onerror = () => resolve(null)
  })
  return opening
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('IndexedDB'))
  })
}

async function inRoom<T>(
  room: Room,
  mode: IDBTransactionMode,
  todo: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T | undefined> {
  const db = await open()
  if (db === null) return undefined
  const transaction = db.transaction(room, mode)
  const done = settled(todo(transaction.objectStore(room)))
  const whole = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB'))
  })
  const [found] = await Promise.all([done, whole])
  return found
}

/** Keep a value under a name; it is on the device when this resolves. */
export async function keep(room: Room, name: string, value: unknown): Promise<void> {
  memory.get(room)?.set(name, value)
  try {
    await inRoom(room, 'readwrite', (store) => store.put(value, name))
  } catch {
    // the device is full: the page still holds it
  }
}

/** Forget what is kept under a name. */
export async function forget(room: Room, name: string): Promise<void> {
  memory.get(room)?.delete(name)
  await inRoom(room, 'readwrite', (store) => store.delete(name))
}

/** Everything of a room, the oldest name first. */
export async function all<T>(room: Room): Promise<T[]> {
  const found = await inRoom<unknown[]>(room, 'readonly', (store) => store.getAll())
  return (found ?? [...(memory.get(room)?.values() ?? [])]) as T[]
}

/** What is kept under a name. */
export async function find<T>(room: Room, name: string): Promise<T | undefined> {
  const found = await inRoom<unknown>(room, 'readonly', (store) => store.get(name))
  return (found ?? memory.get(room)?.get(name)) as T | undefined
}
