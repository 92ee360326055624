// Saves what the wearer has read to the offline record, and restores it at the next start.

import { dehydrate, hydrate, type Query, type QueryClient } from '@tanstack/react-query';

import { allKnown, restoreKnown } from '../api/known';
import { type Me, meQuery } from '../session/me';
import { claim, pageState } from '../session/owner';
import { forgetRecord, type OfflineRecord, readRecord, writeRecord } from './record';

/** The delay between the last response and the write of the record: responses come in bursts. */
const SETTLE_MS = 500;

/** The query keys that may be kept on the device. Lists of sessions and the operators' page are not among them. */
const KEPT = new Set(['preferences', 'freshness', 'reports', 'prostheses', 'seen']);

/** Restores the cache from the record of this session; removes the record of another one. */
export async function restoreFor(client: QueryClient, session: string): Promise<Me | 'nobody'> {
  const record = await readRecord(new Date());
  if (record === null) {
    return 'nobody';
  }
  if (record.me.session !== session) {
    await forgetRecord(record.me.session);
    return 'nobody';
  }
  restore(client, record);
  return record.me;
}

/** Restores the cache from the last record on this device, while the server cannot be asked who is signed in. */
export async function restoreLast(client: QueryClient): Promise<Me | 'nobody'> {
  const record = await readRecord(new Date());
  if (record === null || !claim(record.me)) {
    return 'nobody';
  }
  restore(client, record);
  return record.me;
}

function restore(client: QueryClient, { state, answers }: OfflineRecord): void {
  hydrate(client, state);
  restoreKnown(answers);
}

let timer: ReturnType<typeof setTimeout> | undefined;
let unsubscribe: (() => void) | undefined;

/** Writes the record after each burst of responses, until the person signs out. */
export function keepInStep(client: QueryClient): void {
  unsubscribe = client.getQueryCache().subscribe((event) => {
    if (event.type === 'updated' && event.action.type === 'success') {
      clearTimeout(timer);
      timer = setTimeout(() => save(client), SETTLE_MS);
    }
  });
}

/** Stops writing: the next sign-in reloads the page. */
export function keepNoLonger(): void {
  clearTimeout(timer);
  unsubscribe?.();
}

/** Writes only what the server answered to this session: without `me` in the cache nothing is written. */
function save(client: QueryClient): void {
  const me = client.getQueryData(meQuery.queryKey);
  const { owner, ended } = pageState();
  if (me !== undefined && !ended && me.session === owner?.session) {
    const state = dehydrate(client, { shouldDehydrateQuery: (query) => mayBeKept(client, query) });
    void writeRecord({ me, state, answers: allKnown() });
  }
}

function mayBeKept(client: QueryClient, { queryKey, queryHash, state }: Query): boolean {
  const isOwn = queryHash === client.defaultQueryOptions({ queryKey }).queryHash;
  return isOwn && state.status === 'success' && KEPT.has(String(queryKey[0]));
}
