// Inserts, commands and exec: values, streams, raw formats, summaries, what a failed insert leaves.

import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, before, beforeEach, test } from 'node:test'

import { Warehouse } from './warehouse.mjs'

let warehouse
let client
before(async () => {
  warehouse = await Warehouse.start()
})
beforeEach(async () => {
  client = await warehouse.database()
  await client.command({
    query: "CREATE TABLE t (id UInt32, name String, score Nullable(Float64)) ENGINE = MergeTree ORDER BY id",
  })
})
after(() => warehouse.stop())

const stored = async (from = client) => {
  const result = await from.query({ query: 'SELECT * FROM t ORDER BY id', format: 'JSONCompactEachRow' })
  return result.json()
}

const ROWS = [
  [1, 'Ада', 1.5],
  [2, "O'Brien\t\\\n", null],
  [3, '', -0.25],
]
const OBJECTS = ROWS.map(([id, name, score]) => ({ id, name, score }))

test('arrays and objects are inserted', async () => {
  const first = await client.insert({ table: 't', values: ROWS })
  assert.equal(first.executed, true)
  assert.equal(first.summary.written_rows, '3')
  assert.deepEqual(await stored(), ROWS)
  await client.command({ query: 'TRUNCATE TABLE t' })
  await client.insert({ table: 't', values: OBJECTS, format: 'JSONEachRow' })
  assert.deepEqual(await stored(), ROWS)
})

test('columns may be named or left out', async () => {
  await client.insert({ table: 't', values: [{ id: 1, name: 'a' }], format: 'JSONEachRow', columns: ['id', 'name'] })
  await client.insert({ table: 't', values: [[2, 'b']], columns: { except: ['score'] } })
  assert.deepEqual(await stored(), [
    [1, 'a', null],
    [2, 'b', null],
  ])
})

test('a stream of objects is inserted', async () => {
  const objects = Readable.from(
    (function* () {
      for (let id = 0; id < 100_000; id += 1) yield { id, name: `n${id}` }
    })(),
    { objectMode: true },
  )
  await client.insert({ table: 't', values: objects, format: 'JSONEachRow' })
  const result = await client.query({
    query: 'SELECT count() AS rows, sum(id) AS sum, uniqExact(name) AS names FROM t',
    format: 'JSONEachRow',
  })
  assert.deepEqual(await result.json(), [{ rows: 100_000, sum: 4_999_950_000, names: 100_000 }])
})

test('a stream of CSV is inserted', async () => {
  const lines = Readable.from(['1,"Ада",1.5\n2,"O\'Brien\t\\\n', '",\\N\n', '3,"",-0.25\n'], { objectMode: false })
  await client.insert({ table: 't', values: lines, format: 'CSV' })
  assert.deepEqual(await stored(), ROWS)
})

test('a request is compressed with gzip as asked', async () => {
  const zipped = await warehouse.database({ compression: { request: true } })
  await zipped.command({ query: 'CREATE TABLE t (id UInt32, name String, score Nullable(Float64)) ENGINE = Memory' })
  await zipped.insert({ table: 't', values: ROWS })
  assert.deepEqual(await stored(zipped), ROWS)
})

test('a value of another type inserts nothing', async () => {
  const inserting = client.insert({ table: 't', values: [...OBJECTS, { id: 'no number' }], format: 'JSONEachRow' })
  await assert.rejects(inserting, { code: /^(6|27|117)$/ })
  assert.deepEqual(await stored(), [])
})

test('a stream that breaks inserts nothing', async () => {
  const broken = Readable.from(
    (function* () {
      yield '1,a,1\n'
      throw new Error('the source broke')
    })(),
    { objectMode: false },
  )
  await assert.rejects(client.insert({ table: 't', values: broken, format: 'CSV' }), /the source broke/)
  assert.deepEqual(await stored(), [])
})

test('no values make no request', async () => {
  assert.equal((await client.insert({ table: 't', values: [] })).executed, false)
})

test('a table that does not exist is named', async () => {
  await assert.rejects(client.insert({ table: 'nowhere', values: ROWS }), { code: '60', type: 'UNKNOWN_TABLE' })
})

test('an asynchronous insert is there when it returns', async () => {
  await client.insert({
    table: 't',
    values: ROWS,
    clickhouse_settings: { async_insert: 1, wait_for_async_insert: 1 },
  })
  assert.deepEqual(await stored(), ROWS)
})

test('a command copies rows and says how many', async () => {
  await client.insert({ table: 't', values: ROWS })
  const copied = await client.command({
    query: 'INSERT INTO t SELECT id + 10, name, score FROM t WHERE id < {below:UInt32}',
    query_params: { below: 3 },
  })
  assert.equal(copied.summary.written_rows, '2')
  assert.equal((await stored()).length, 5)
})

test('exec returns what the statement says', async () => {
  const result = await client.exec({ query: 'SELECT number FROM numbers(3) FORMAT CSV' })
  assert.equal(await text(result.stream), '0\n1\n2\n')
  assert.equal(result.response_headers['x-clickhouse-format'], 'CSV')
})

test('exec sends values after its statement', async () => {
  const result = await client.exec({
    query: 'INSERT INTO t (id, name) FORMAT CSV',
    values: Readable.from(['1,a\n', '2,b\n'], { objectMode: false }),
  })
  await text(result.stream)
  assert.deepEqual(await stored(), [
    [1, 'a', null],
    [2, 'b', null],
  ])
})

test('a statement for a cluster that does not exist is refused', async () => {
  await assert.rejects(client.command({ query: 'CREATE TABLE x ON CLUSTER nowhere (n UInt8) ENGINE = Memory' }))
})

test('types survive the round trip', async () => {
  await client.command({
    query: `CREATE TABLE types (id UInt8, u UUID, at DateTime64(6, 'UTC'), day Date, d Decimal(18, 4), list Array(Nullable(String)),
      map Map(String, UInt64), e Enum8('a' = 1, 'b' = 2), ip IPv4, low LowCardinality(String), big UInt256, t Tuple(x Int8, y String))
      ENGINE = MergeTree ORDER BY id`,
  })
  const row = {
    id: 1,
    u: '019aa000-0000-7000-8000-000000000001',
    at: '1969-12-31 23:59:59.999999',
    day: '2026-11-23',
    d: -12345.6789,
    list: ['a', null, "b'c"],
    map: { '': '18446744073709551615' },
    e: 'b',
    ip: '255.1.2.3',
    low: 'x',
    big: '115792089237316195423570985008687907853269984665640564039457584007913129639935',
    t: { x: -1, y: 'z' },
  }
  await client.insert({ table: 'types', values: [row], format: 'JSONEachRow' })
  const result = await client.query({
    query: 'SELECT * FROM types',
    format: 'JSONEachRow',
    // Numbers beyond 2^53 come as they are.
    clickhouse_settings: { output_format_json_quote_64bit_integers: 1 },
  })
  assert.deepEqual(await result.json(), [row])
})
