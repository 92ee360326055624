// Requests for reports that the page already has.

import { beforeEach, expect, it, vi } from 'vitest';

const URL = '/api/reports/2024-01-15';
const fetched = vi.fn<typeof fetch>();

async function open() {
  vi.resetModules();
  const [{ call }, known] = await Promise.all([import('./call'), import('./known')]);
  return { call, ...known };
}

function answers(body: unknown, tag: string) {
  fetched.mockImplementationOnce(() => Promise.resolve(Response.json(body, { headers: { ETag: tag } })));
}

function isRight(headers: HeadersInit) {
  fetched.mockImplementationOnce(() => Promise.resolve(new Response(null, { status: 304, headers })));
}

const sent = () => fetched.mock.calls.map(([, options]) => new Headers(options?.headers).get('if-none-match'));

beforeEach(() => {
  fetched.mockReset();
  vi.stubGlobal('fetch', fetched);
});

it('an answer that is still right is shown with the new moment of the data', async () => {
  const { call } = await open();
  answers({ total: 7, data_as_of: 'then' }, 'W/"a"');
  await call(URL);
  isRight({ ETag: 'W/"a"', 'Data-As-Of': 'now' });
  expect(await call(URL)).toEqual({ total: 7, data_as_of: 'now' });
  answers({ total: 8, data_as_of: 'later' }, 'W/"b"');
  expect(await call(URL)).toEqual({ total: 8, data_as_of: 'later' });
  isRight({ ETag: 'W/"b"' });
  expect(await call(URL)).toEqual({ total: 8, data_as_of: null });
  expect(sent()).toEqual([null, 'W/"a"', 'W/"a"', 'W/"b"']);
});

it('a tag is of its address, and no change names one', async () => {
  const { call } = await open();
  answers({}, 'W/"a"');
  await call(URL);
  answers({}, 'W/"b"');
  await call(`${URL}?tz=UTC`);
  answers({}, 'W/"c"');
  await call(URL, { method: 'PUT' });
  expect(sent()).toEqual([null, null, null]);
});

it('the offline record brings tags back', async () => {
  const first = await open();
  answers({ total: 7 }, 'W/"a"');
  await first.call(URL);
  const record = structuredClone(first.allKnown());
  const later = await open();
  later.restoreKnown(record);
  isRight({ 'Data-As-Of': 'now' });
  expect(await later.call(URL)).toEqual({ total: 7, data_as_of: 'now' });
});

it('the oldest answers go first', async () => {
  const { remember, known, allKnown } = await open();
  for (let page = 0; page < 60; page += 1) {
    remember(`/api/reports?page=${page}`, 'W/"a"', {});
  }
  expect(allKnown()).toHaveLength(50);
  expect(known('/api/reports?page=9')).toBeUndefined();
  expect(known('/api/reports?page=10')).toBeDefined();
  remember('/api/reports?page=10', null, {});
  expect(known('/api/reports?page=10')).toBeUndefined();
});
