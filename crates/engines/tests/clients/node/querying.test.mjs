// Queries: formats, streams, parameters, compression, errors, clients that hang up.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { ClickHouseError } from '@clickhouse/client'

import { Warehouse, eventually } from './warehouse.mjs'

let warehouse
let client
before(async () => {
  warehouse = await Warehouse.start()
  client = await warehouse.database()
})
after(() => warehouse.stop())

const ENDLESS = 'SELECT number, sipHash64(number) FROM numbers(1000000000000)'
const FAILS_LATE = `SELECT number, throwIf(number = 3000000, 'too far') AS fails FROM numbers(10000000)
  SETTINGS max_block_size = 65536`

test('JSON has data, types and counts', async () => {
  const result = await client.query({ query: "SELECT toUInt32(number) AS n, 'Ада 🦾' AS s FROM numbers(2)" })
  const answer = await result.json()
  assert.deepEqual(answer.meta, [
    { name: 'n', type: 'UInt32' },
    { name: 's', type: 'String' },
  ])
  assert.deepEqual(answer.data, [
    { n: 0, s: 'Ада 🦾' },
    { n: 1, s: 'Ада 🦾' },
  ])
  assert.equal(answer.rows, 2)
  assert.ok(answer.statistics.elapsed >= 0)
})

test('each text format comes as asked', async () => {
  for (const [format, expected] of [
    ['CSV', '1,"x"\n'],
    ['TabSeparatedWithNames', 'n\ts\n1\tx\n'],
    ['JSONEachRow', '{"n":1,"s":"x"}\n'],
    ['JSONCompactEachRowWithNamesAndTypes', '["n", "s"]\n["UInt8", "String"]\n[1, "x"]\n'],
  ]) {
    const result = await client.query({ query: "SELECT 1 AS n, 'x' AS s", format })
    assert.equal(await result.text(), expected)
  }
})

test('a large result is streamed row by row', async () => {
  const result = await client.query({ query: 'SELECT number FROM numbers(500000)', format: 'JSONEachRow' })
  let count = 0
  let sum = 0
  for await (const rows of result.stream()) {
    for (const row of rows) {
      count += 1
      sum += Number(row.json().number)
    }
  }
  assert.equal(count, 500_000)
  assert.equal(sum, (500_000 * 499_999) / 2)
})

test('the first rows come before the last are made', async () => {
  const result = await client.query({ query: ENDLESS, format: 'JSONCompactEachRow' })
  for await (const rows of result.stream()) {
    assert.equal(Number(rows[1].json()[0]), 1)
    break
  }
  result.close()
})

test('parameters of many types are bound by the server', async () => {
  const hostile = "it's \\ \n \t ; DROP TABLE t -- {x:String} %26 Ада 🦾"
  const query = `SELECT {s:String} AS s, {n:Int64} AS n, {list:Array(String)} AS list, {none:Nullable(String)} AS none,
    {at:DateTime64(3, 'UTC')} AS at, {map:Map(String, UInt8)} AS map, {yes:Bool} AS yes, {column:Identifier} AS column
    FROM (SELECT 7 AS \`a b\`)`
  const result = await client.query({
    query,
    format: 'JSONEachRow',
    query_params: {
      s: hostile,
      n: -5,
      list: ['a', "b'c", '\\'],
      none: null,
      at: new Date('2026-11-23T10:20:30.456Z'),
      map: { "k'1": 1 },
      yes: true,
      column: 'a b',
    },
  })
  assert.deepEqual(await result.json(), [
    {
      s: hostile,
      n: -5,
      list: ['a', "b'c", '\\'],
      none: null,
      at: '2026-11-23 10:20:30.456',
      map: { "k'1": 1 },
      yes: true,
      column: 7,
    },
  ])
})

test('parameters too long for a URL come in a form', async () => {
  const long = 'é'.repeat(2_000_000)
  for (const options of [{ use_multipart_params: true }, { use_multipart_params_auto: true }]) {
    const result = await client.query({
      query: 'SELECT length({s:String}) AS n, {list:Array(UInt32)} AS list',
      format: 'JSONEachRow',
      query_params: { s: long, list: [1, 2] },
      ...options,
    })
    assert.deepEqual(await result.json(), [{ n: 4_000_000, list: [1, 2] }])
  }
})

test('an answer is compressed with gzip as asked', async () => {
  const zipped = await warehouse.database({ compression: { response: true, request: true } })
  const result = await zipped.query({ query: 'SELECT number FROM numbers(200000)', format: 'JSONEachRow' })
  assert.equal(result.response_headers['content-encoding'], 'gzip')
  assert.equal((await result.json()).length, 200_000)
  await assert.rejects(zipped.query({ query: 'SELECT * FROM nowhere' }), { code: '60' })
})

test('errors have the code, the type and the text of a server', async () => {
  for (const [query, code, type] of [
    ['selekt 1', '62', 'SYNTAX_ERROR'],
    ['SELECT * FROM nowhere', '60', 'UNKNOWN_TABLE'],
    ['SELECT no_column FROM system.one', '47', 'UNKNOWN_IDENTIFIER'],
    ["SELECT throwIf(1, 'at once')", '395', 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO'],
    ["SELECT * FROM file('/etc/passwd')", '497', 'ACCESS_DENIED'],
  ]) {
    await assert.rejects(client.query({ query }), (error) => {
      assert.ok(error instanceof ClickHouseError, String(error))
      assert.equal(error.code, code)
      assert.equal(error.type, type)
      return true
    })
  }
})

test('an error in the middle of a stream ends it with that error', async () => {
  for (const compression of [{ response: false }, { response: true }]) {
    const late = await warehouse.database({ compression })
    const result = await late.query({ query: FAILS_LATE, format: 'JSONEachRow' })
    let seen = 0
    const reading = (async () => {
      for await (const rows of result.stream()) seen += rows.length
    })()
    await assert.rejects(reading, (error) => {
      // A decoder drops what it holds when it is cut off, and the engine's words with it.
      if (compression.response && error.code === 'ECONNRESET') return true
      assert.ok(error instanceof ClickHouseError, String(error))
      assert.match(error.message, /too far/)
      assert.equal(error.code, '395')
      return true
    })
    assert.ok(seen > 0 && seen <= 3_000_000, `${seen} rows came`)
  }
})

test('a client that hangs up cancels its query', async () => {
  const watcher = warehouse.client()
  const running = async (mark) => {
    const result = await watcher.query({
      query: 'SELECT count() AS n FROM system.processes WHERE query LIKE {mark:String} AND query NOT LIKE \'%processes%\'',
      format: 'JSONEachRow',
      query_params: { mark: `%${mark}` },
    })
    return Number((await result.json())[0].n)
  }
  for (const query of [ENDLESS, 'SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))']) {
    const mark = `${crypto.randomUUID()} */`
    const controller = new AbortController()
    const asked = client
      .query({ query: `/* ${mark} ${query}`, format: 'JSONEachRow', abort_signal: controller.signal })
      .then((result) => result.text())
      .catch((error) => error)
    await eventually(async () => (await running(`${mark}%`)) === 1, 'the query did not start')
    controller.abort()
    await eventually(async () => (await running(`${mark}%`)) === 0, 'the query went on without its client')
    assert.ok((await asked) instanceof Error)
  }
})

test('many queries at once are all answered', async () => {
  const busy = warehouse.client({ max_open_connections: 40 })
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, n) => {
      const result = await busy.query({ query: `SELECT ${n} * 2 AS n`, format: 'JSONEachRow' })
      return (await result.json())[0].n
    }),
  )
  assert.deepEqual(
    answers.map(Number),
    Array.from({ length: 200 }, (_, n) => n * 2),
  )
})
