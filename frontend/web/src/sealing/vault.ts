/** The browser's own store (IndexedDB): uploads to take up again with their recipes, the identity opened in this session, opened letters. */
const NAME = 'yunkai'
const VERSION = 3
export type Shelf = 'uploads' | 'identities' | 'letters' | 'recipes'
const SHELVES: readonly Shelf[] = ['uploads', 'identities', 'letters', 'recipes']

export async function keep<T extends { readonly id: string }>(shelf: Shelf, record: T): Promise<void> {
  await onShelf(shelf, 'readwrite', (store) => store.put(record))
}

export async function recall<T>(shelf: Shelf, id: string): Promise<T | undefined> {
  return (await onShelf(shelf, 'readonly', (store) => store.get(id))) as T | undefined
}

export async function recallAll<T>(shelf: Shelf): Promise<T[]> {
  return (await onShelf(shelf, 'readonly', (store) => store.getAll())) as T[]
}

export async function discard(shelf: Shelf, id: string): Promise<void> {
  await onShelf(shelf, 'readwrite', (store) => store.delete(id))
}

/** Reads, changes and writes one record in one transaction; four lanes may call this at once. */
export async function amend<T extends { readonly id: string }>(shelf: Shelf, id: string, change: (record: T) => T): Promise<void> {
  await onShelf(shelf, 'readwrite', (store) => {
    const read = store.get(id)
    read.onsuccess = () => {
      if (read.result !== undefined) store.put(change(read.result as T))
    }
    return read
  })
}

async function onShelf(shelf: Shelf, mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
  const database = await open()
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(shelf, mode)
      const request = act(transaction.objectStore(shelf))
      // Resolved on the transaction, not on the request: only then is a write durable.
      transaction.oncomplete = () => { resolve(request.result) }
      transaction.onerror = transaction.onabort = () => { reject(transaction.error ?? new Error('browser store refused')) }
    })
  } finally {
    database.close()
  }
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION)
    request.onupgradeneeded = () => {
      for (const shelf of SHELVES) if (!request.result.objectStoreNames.contains(shelf)) request.result.createObjectStore(shelf, { keyPath: 'id' })
    }
    request.onsuccess = () => { resolve(request.result) }
    request.onerror = () => { reject(request.error ?? new Error('browser store refused')) }
  })
}
