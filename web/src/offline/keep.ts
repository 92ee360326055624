// Keeps the offline record in step with what the person has read, and reads it back at the next start.

import { dehydrate, hydrate, type Query, type QueryClient } from '@tanstack/react-query';

import { allKnown, restoreKnown } from '../api/known';
import { type Me, meQuery } from '../session/me';
import { claim, pageState } from '../session/owner';
import { forgetRecord, type OfflineRecord, readRecord, writeRecord } from './record';

/** How long after the last answer the record is written: answers come in bunches. */
const SETTLE_MS = 500;

/** Which answers may be kept on the device, and what was seen of them. Lists of sessions and the operators' page are not. */
const KEPT = new Set(['preferences', 'freshness', 'reports', 'prostheses', 'seen']);

/** Fills the cache with what was read in this session; drops what belongs to another. */
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

/** Fills the cache with what was read last on this device, for as long as no server can say who is here. */
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

/** Writes the record after each bunch of answers, until the person leaves. */
export function keepInStep(client: QueryClient): void {
  unsubscribe = client.getQueryCache().subscribe((event) => {
    if (event.type === 'updated' && event.action.type === 'success') {
      clearTimeout(timer);
      timer = setTimeout(() => save(client), SETTLE_MS);
    }
  });
}

/** Writes nothing any more: whoever signs in next starts the page anew. */
export function keepNoLonger(): void {
  clearTimeout(timer);
  unsubscribe?.();
}

/** Only what the server has answered to this very session: without it in the cache nothing is written. */
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
