// What an ML engineer does with the account `ml`: reads of the views, settings, streams, and nothing written.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { ClickHouseError } from '@clickhouse/client'

import { Warehouse } from './warehouse.mjs'

const HOURS = 960
const INSERT = `INSERT INTO reports.user_prosthesis_stats
    (user_id, ldap_username, prosthesis_id, chip_id, date, hour, movements_count, customer_name, customer_email,
     prosthesis_model, version)
  SELECT toUUID(concat('00000000-0000-4000-8000-', leftPad(toString(number % 7), 12, '0'))), 'a.person',
    generateUUIDv4(), 'CHIP', toDate(hour), toStartOfHour(now()) - toIntervalHour(number) AS hour,
    number % 50, 'A Person', 'a.person@example.com', 'Model', 1
  FROM numbers(${HOURS})`

let warehouse
let ml
before(async () => {
  warehouse = await Warehouse.start()
  await warehouse.migrate()
  await warehouse.client().command({ query: INSERT })
  ml = warehouse.client({ username: 'ml', password: await warehouse.passwordOf('ml'), database: 'reports' })
})
after(() => warehouse.stop())

test('the views come as rows, without persons', async () => {
  const result = await ml.query({ query: 'SELECT * FROM ml_daily_stats ORDER BY date', format: 'JSONEachRow' })
  const rows = await result.json()
  assert.ok(rows.length > 100)
  for (const name of ['ldap_username', 'customer_name', 'customer_email']) assert.ok(!(name in rows[0]), name)
})

test('a result streams', async () => {
  const result = await ml.query({
    query: 'SELECT movements_count FROM ml_hourly_stats',
    format: 'JSONCompactEachRow',
    clickhouse_settings: { max_block_size: '100' },
  })
  let rows = 0
  for await (const block of result.stream()) rows += block.length
  assert.equal(rows, HOURS)
})

test('compression, parameters, sessions and settings of a driver may be sent', async () => {
  const client = warehouse.client({
    username: 'ml',
    password: await warehouse.passwordOf('ml'),
    database: 'reports',
    compression: { request: true, response: true },
    session_id: crypto.randomUUID(),
    clickhouse_settings: { max_execution_time: 60, output_format_json_quote_64bit_integers: 1 },
  })
  await client.command({ query: 'SET max_threads = 1' })
  const result = await client.query({
    query: 'SELECT count() AS n FROM ml_hourly_stats WHERE movements_count >= {least: UInt32}',
    query_params: { least: 25 },
    format: 'JSONEachRow',
  })
  const wanted = [...Array(HOURS).keys()].filter((number) => number % 50 >= 25).length
  assert.deepEqual(await result.json(), [{ n: `${wanted}` }])
  assert.equal((await client.ping({ select: true })).success, true)
})

test('what is not for ml is refused', async () => {
  for (const query of [
    'SELECT customer_name FROM user_prosthesis_stats',
    'SELECT * FROM users',
    'CREATE TABLE mine (n UInt8) ENGINE = Memory',
    'TRUNCATE TABLE users',
    'DROP DATABASE reports',
    'SELECT 1 SETTINGS max_execution_time = 3600',
  ]) {
    await assert.rejects(ml.command({ query }), (error) => {
      assert.ok(error instanceof ClickHouseError, `${error}`)
      assert.ok(['497', '452', '164'].includes(error.code), `${query}: ${error}`)
      assert.ok(!error.message.includes('a.person'))
      return true
    })
  }
  const insert = ml.insert({ table: 'ml_hourly_stats', values: [{ movements_count: 1 }], format: 'JSONEachRow' })
  await assert.rejects(insert, (error) => ['497', '164'].includes(error.code))
})
