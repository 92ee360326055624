// The page's owner, and that no other session finds the responses to it.

import { beforeEach, expect, it, vi } from 'vitest';

const IVAN = { user: 'ivan.petrov', session: 'one' };
const IVAN_LATER = { user: 'ivan.petrov', session: 'two' };

/** Opens a page: loads all modules anew. */
async function open() {
  vi.resetModules();
  const [owner, { client }, { call }] = await Promise.all([
    import('./owner'),
    import('../app/client'),
    import('../api/call'),
  ]);
  return { ...owner, client, call };
}

const fetched = vi.fn<typeof fetch>();

beforeEach(() => {
  fetched.mockReset();
  fetched.mockImplementation(() => Promise.resolve(Response.json({ rows: 1 })));
  vi.stubGlobal('fetch', fetched);
});

const sent = () => fetched.mock.calls.map(([, options]) => new Headers(options?.headers).get('x-session'));

it('every call names the session of the page', async () => {
  const { call, claim } = await open();
  await call('/auth/me');
  claim(IVAN);
  await call('/api/prostheses');
  await call('/api/preferences', { method: 'PUT', headers: { 'Content-Type': 'application/json' } });
  expect(sent()).toEqual([null, 'one', 'one']);
});

it('a page is never taken over, not by a later session of the same person either', async () => {
  const { claim, pageState, othersCame } = await open();
  othersCame('zero');
  expect(pageState()).toEqual({ owner: null, ended: false, replaced: true });
  expect(claim(IVAN)).toBe(true);
  expect(claim(IVAN)).toBe(true);
  othersCame('one');
  expect(pageState().ended).toBe(false);
  expect(claim(IVAN_LATER)).toBe(false);
  expect(pageState()).toEqual({ owner: IVAN, ended: true, replaced: true });
  expect(claim(IVAN)).toBe(false);
});

it('a tab ends when its own session leaves, not when another does', async () => {
  const { claim, pageState, othersLeft } = await open();
  claim(IVAN);
  othersLeft('two');
  expect(pageState().ended).toBe(false);
  othersLeft('one');
  expect(pageState().ended).toBe(true);
});

it('an answer that comes after the end is none', async () => {
  const { call, claim, markEnded } = await open();
  claim(IVAN);
  let answer: (response: Response) => void = () => undefined;
  fetched.mockImplementation(() => new Promise((resolve) => (answer = resolve)));
  const asked = call('/api/preferences');
  markEnded();
  answer(Response.json({ theme: 'dark' }));
  await expect(asked).rejects.toThrow('over');
});

it('answers stand under the person and the session', async () => {
  const { client, claim } = await open();
  claim(IVAN);
  client.setQueryData(['prostheses'], 'of one');
  const [query] = client.getQueryCache().getAll();
  expect(client.getQueryData(['prostheses'])).toBe('of one');
  const later = await open();
  later.claim(IVAN_LATER);
  expect(later.client.defaultQueryOptions({ queryKey: ['prostheses'] }).queryHash).not.toBe(query?.queryHash);
});
