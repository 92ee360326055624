// A `bionicpro warehouse serve` process for one test file: started on a free port, awaited, ended by its own id.

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { createClient } from '@clickhouse/client'

const RELEASE = fileURLToPath(new URL('../../../../../target/release/bionicpro', import.meta.url))
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 20_000

/** One serving process and what a client needs to reach it. */
export class Warehouse {
  #process
  #folder
  #clients = []

  /** Resolves when the process has printed its address, which it does when it is ready. */
  static async start() {
    const warehouse = new Warehouse()
    warehouse.#folder = await mkdtemp(join(tmpdir(), 'a warehouse '))
    const data = join(warehouse.#folder, 'data')
    const { program, env } = surroundings()
    const child = spawn(program, ['warehouse', 'serve', '--data', data, '--listen', '127.0.0.1:0'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env,
    })
    warehouse.#process = child
    try {
      warehouse.url = await addressOf(child)
    } catch (error) {
      await warehouse.stop()
      throw error
    }
    warehouse.password = (await readFile(join(data, 'password'), 'utf8')).trim()
    return warehouse
  }

  /** The password of an account beside the owner. */
  async passwordOf(account) {
    return (await readFile(join(this.#folder, 'data', `password-${account}`), 'utf8')).trim()
  }

  /** Makes the schema of the mart. */
  async migrate() {
    const { program, env } = surroundings()
    const url = this.url.replace('http://', `http://bionicpro:${this.password}@`)
    await promisify(execFile)(program, ['warehouse', 'migrate'], { env: { ...env, BIONICPRO_WAREHOUSE_URL: url } })
  }

  /** A client of the official package; closed with the warehouse. */
  client(options = {}) {
    const client = createClient({
      url: this.url,
      username: 'bionicpro',
      password: this.password,
      log: { level: 127 },
      ...options,
    })
    this.#clients.push(client)
    return client
  }

  /** A client whose database is fresh and its own. */
  async database(options = {}) {
    const name = `db_${crypto.randomUUID().replaceAll('-', '')}`
    await this.client().command({ query: `CREATE DATABASE ${name}` })
    return this.client({ database: name, ...options })
  }

  async stop() {
    await Promise.all(this.#clients.map((client) => client.close()))
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, 'exit')
      this.#process.kill('SIGTERM')
      const hard = setTimeout(() => this.#process.kill('SIGKILL'), STOP_TIMEOUT_MS)
      await ended
      clearTimeout(hard)
    }
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** The program refuses variables that it does not know. */
function surroundings() {
  const { BIONICPRO_BIN: program = RELEASE, ...env } = process.env
  return { program, env }
}

async function addressOf(child) {
  const said = []
  const lines = createInterface({ input: child.stderr })
  const found = new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(line)
      const address = /127\.0\.0\.1:[1-9][0-9]*/.exec(line)
      if (address) resolve(`http://${address[0]}`)
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the warehouse ended with ${code}:\n${said.join('\n')}`)))
  })
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the warehouse was not ready:\n${said.join('\n')}`)), START_TIMEOUT_MS)
  })
  return Promise.race([found, late]).finally(() => clearTimeout(timer))
}

/** Asks again until `check` holds; fails when it has not within 20 s. */
export async function eventually(check, message) {
  const deadline = Date.now() + 20_000
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(message)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
