// Connecting: credentials, ping, sessions, and what the headers of an answer say.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { ClickHouseError } from '@clickhouse/client'

import { Warehouse } from './warehouse.mjs'

let warehouse
before(async () => {
  warehouse = await Warehouse.start()
})
after(() => warehouse.stop())

const value = async (client, query, options = {}) => {
  const result = await client.query({ query, format: 'JSONCompactEachRow', ...options })
  return (await result.json())[0][0]
}

test('ping answers, with and without a look at the credentials', async () => {
  assert.deepEqual(await warehouse.client().ping(), { success: true })
  assert.deepEqual(await warehouse.client().ping({ select: true }), { success: true })
  const stranger = warehouse.client({ password: 'wrong' })
  assert.equal((await stranger.ping()).success, true)
  const refused = await stranger.ping({ select: true })
  assert.equal(refused.success, false)
  assert.equal(refused.error.code, '516')
})

test('ping says when nobody is there', async () => {
  const answer = await warehouse.client({ url: 'http://127.0.0.1:9' }).ping()
  assert.equal(answer.success, false)
  assert.equal(answer.error.code, 'ECONNREFUSED')
})

test('a wrong credential is refused', async () => {
  for (const [credentials, code, type] of [
    [{ password: 'wrong' }, '516', 'AUTHENTICATION_FAILED'],
    [{ password: '' }, '516', 'AUTHENTICATION_FAILED'],
    // The engine's own account has no password, and its one session is taken.
    [{ username: 'default' }, '194', 'REQUIRED_PASSWORD'],
    [{ username: 'x' }, '516', 'AUTHENTICATION_FAILED'],
  ]) {
    await assert.rejects(value(warehouse.client(credentials), 'SELECT 1'), (error) => {
      assert.ok(error instanceof ClickHouseError)
      assert.equal(error.code, code)
      assert.equal(error.type, type)
      return true
    })
  }
})

test('credentials may be given for one query', async () => {
  const stranger = warehouse.client({ password: 'wrong' })
  const auth = { username: 'bionicpro', password: warehouse.password }
  assert.equal(await value(stranger, 'SELECT 1', { auth }), 1)
})

test('the query id is the callers and comes back', async () => {
  const query_id = crypto.randomUUID()
  const result = await warehouse.client().query({ query: 'SELECT 1', query_id })
  assert.equal(result.query_id, query_id)
  assert.equal(result.response_headers['x-clickhouse-query-id'], query_id)
  assert.equal(result.response_headers['x-clickhouse-format'], 'JSON')
  assert.equal(result.response_headers['x-clickhouse-timezone'], 'UTC')
  await result.text()
})

test('a setting and a temporary table stay for the session and nobody else', async () => {
  const mine = warehouse.client({ session_id: crypto.randomUUID() })
  await mine.command({ query: 'SET max_block_size = 4321' })
  await mine.command({ query: 'CREATE TEMPORARY TABLE mine (n UInt8)' })
  await mine.insert({ table: 'mine', values: [[1], [2]] })
  assert.equal(Number(await value(mine, "SELECT getSetting('max_block_size')")), 4321)
  assert.equal(Number(await value(mine, 'SELECT sum(n) FROM mine')), 3)
  const other = warehouse.client({ session_id: crypto.randomUUID() })
  assert.notEqual(Number(await value(other, "SELECT getSetting('max_block_size')")), 4321)
  await assert.rejects(value(other, 'SELECT * FROM mine'), { code: '60', type: 'UNKNOWN_TABLE' })
})

test('the database of the client is the one that is used', async () => {
  const client = await warehouse.database()
  await client.command({ query: 'CREATE TABLE t (n UInt8) ENGINE = Memory' })
  assert.equal(await value(client, 'SELECT database FROM system.tables WHERE database = currentDatabase()'), await value(client, 'SELECT currentDatabase()'))
  await assert.rejects(value(warehouse.client({ database: 'no_such_database' }), 'SELECT 1'), { code: '81' })
})

test('settings of the client and of one query apply', async () => {
  const client = warehouse.client({ clickhouse_settings: { max_block_size: '1111' } })
  const query = "SELECT getSetting('max_block_size')"
  assert.equal(Number(await value(client, query)), 1111)
  const asked = await value(client, query, { clickhouse_settings: { max_block_size: '2222' } })
  assert.equal(Number(asked), 2222)
})

test('an unknown setting is named', async () => {
  const asked = value(warehouse.client(), 'SELECT 1', { clickhouse_settings: { no_such_setting: 1 } })
  await assert.rejects(asked, { code: '115', type: 'UNKNOWN_SETTING', message: /no_such_setting/ })
})

test('a socket is used again after an answer and after an error', async () => {
  const client = warehouse.client({ max_open_connections: 1 })
  for (let n = 0; n < 20; n += 1) {
    await assert.rejects(value(client, 'SELECT * FROM nowhere'), { code: '60' })
    assert.equal(await value(client, `SELECT ${n}`), n)
  }
})
