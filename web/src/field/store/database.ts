/** What the phone keeps: tasks as they were last seen, what waits to be sent, photos, drafts.
 *
 * One IndexedDB. Everything belongs to the person it was kept for; nobody else signed in on the
 * same phone sees or sends it.
 */
const NAME = 'yiwang.field'
const VERSION = 1

export type StoreName = 'tasks' | 'entries' | 'photos' | 'drafts' | 'notes'

let opened: Promise<IDBDatabase> | null = null

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, VERSION)
    asked.onupgradeneeded = () => {
      const db = asked.result
      db.createObjectStore('tasks', { keyPath: ['person', 'task'] })
      db.createObjectStore('entries', { keyPath: 'at', autoIncrement: true })
      db.createObjectStore('photos', { keyPath: 'key' })
      db.createObjectStore('drafts', { keyPath: ['person', 'name'] })
      db.createObjectStore('notes', { keyPath: ['person', 'name'] })
    }
    asked.onsuccess = () => {
      asked.result.onclose = () => (opened = null)
      asked.result.onversionchange = () => {
        asked.result.close()
        opened = null
      }
      resolve(asked.result)
    }
    asked.onerror = () => {
      opened = null
      reject(asked.error ?? new Error('IndexedDB'))
    }
  })
  return opened
}

export interface Stores {
  get<T>(store: StoreName, key: IDBValidKey): Promise<T | undefined>
  all<T>(store: StoreName): Promise<T[]>
  put(store: StoreName, value: unknown): Promise<IDBValidKey>
  drop(store: StoreName, key: IDBValidKey): Promise<void>
}

function wait<T>(asked: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result)
    asked.onerror = () => reject(asked.error ?? new Error('IndexedDB'))
  })
}

/** One transaction over these stores: all of it is kept, durably, or nothing. Inside, wait for
 * nothing but the stores. */
export async function transact<T>(
  names: readonly StoreName[],
  mode: 'readonly' | 'readwrite',
  work: (stores: Stores) => Promise<T>,
): Promise<T> {
  const tx = (await open()).transaction([...names], mode, { durability: 'strict' })
  const done = new Promise<void>((resolve, reject) => {
    tx.oncomplete = () => resolve()
    tx.onerror = tx.onabort = () => reject(tx.error ?? new Error('IndexedDB'))
  })
  done.catch(() => undefined) // told below
  const found = await work({
    get: (store, key) => wait(tx.objectStore(store).get(key)),
    all: (store) => wait(tx.objectStore(store).getAll()),
    put: (store, value) => wait(tx.objectStore(store).put(value)),
    drop: (store, key) => wait(tx.objectStore(store).delete(key)),
  })
  await done
  return found
}

/** Ask the system not to clear the phone's store when room gets short. */
export async function persist(): Promise<boolean> {
  return (await navigator.storage?.persist?.()) ?? false
}
