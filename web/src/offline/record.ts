// The offline record: one person's reports on this device, readable without a network. One record in IndexedDB.
//
// It belongs to one account and one session and expires with that session's latest possible end. It is deleted at
// sign-out, when the server reports that no one is signed in, and when another session begins.

import type { DehydratedState } from '@tanstack/react-query';

import type { Known } from '../api/known';
import type { Me } from '../session/me';

const DATABASE = 'bionicpro';
const STORE = 'last-seen';
const KEY = 'record';
/** The version of the stored format: increase it when the shape of responses changes. */
const SHAPE = 4;

/** `state` is the query cache as TanStack Query dehydrates it; `answers` are responses by URL. */
export interface OfflineRecord {
  me: Me;
  state: DehydratedState;
  answers: [string, Known][];
}

/** Returns the record, or null if there is none or it has expired. */
export async function readRecord(now: Date): Promise<OfflineRecord | null> {
  const stored = await request<unknown>('readonly', (store) => store.get(KEY)).catch(() => undefined);
  if (!isRecord(stored)) {
    return null;
  }
  if (Date.parse(stored.me.expires_at) <= now.getTime()) {
    await forgetRecord();
    return null;
  }
  return stored;
}

/** Replaces the record. On a device that refuses to store (private browsing, no space), the app works online only. */
export async function writeRecord(record: OfflineRecord): Promise<void> {
  await request('readwrite', (store) => store.put({ ...record, shape: SHAPE }, KEY)).catch(() => undefined);
}

/** Removes everything stored on the device; with a `session`, leaves the record of a later one. */
export async function forgetRecord(session?: string): Promise<void> {
  const stored = await request<unknown>('readonly', (store) => store.get(KEY)).catch(() => undefined);
  if (session === undefined || !isRecord(stored) || stored.me.session === session) {
    await request('readwrite', (store) => store.clear()).catch(() => undefined);
  }
}

function isRecord(value: unknown): value is OfflineRecord {
  return typeof value === 'object' && value !== null && 'shape' in value && value.shape === SHAPE;
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore(STORE));
    opening.addEventListener('success', () => resolve(opening.result));
    opening.addEventListener('error', () => reject(opening.error ?? new Error('storage is closed')));
  });
}

async function request<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const acting = act(transaction.objectStore(STORE));
      transaction.addEventListener('complete', () => resolve(acting.result));
      transaction.addEventListener('abort', () => reject(transaction.error ?? new Error('storage is closed')));
    });
  } finally {
    database.close();
  }
}
