// The whole real demo for all browser tests: engines, pipeline, API, issuer, BFF, on free ports and in its own folder.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

/** The first start simulates a fleet and loads a month. */
const START_MS = 180_000;
const STOP_MS = 30_000;

/** The URL of a running BFF to use instead of starting a demo. */
const RUNNING = process.env['BIONICPRO_APP'];
const PROGRAM = process.env['BIONICPRO_BIN'] ?? '../target/debug/bionicpro';
/** The exit status of a pipeline run that found nothing new. */
const NOTHING_NEW = 99;
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export const chromiumPath = process.env['CHROMIUM'] ?? CHROMIUM.find((path) => existsSync(path));

/** Returns the reason why these tests cannot run here; undefined if they can. */
export function obstacle(): string | undefined {
  if (chromiumPath === undefined) {
    return 'no Chromium (as root: apt-get install chromium)';
  }
  return RUNNING !== undefined || existsSync(PROGRAM)
    ? undefined
    : `no program at ${PROGRAM} (cargo build --package bionicpro-cli)`;
}

/** The addresses of the demo's parts, from its first line of output. */
interface Ready {
  web: { url: string };
  crm: { url: string };
  telemetry: { url: string };
  warehouse: { url: string };
}

interface Running {
  process: ChildProcess;
  folder: string;
  url: string;
  ready: Ready;
}

let running: Running | undefined;

/** Returns the URL of the app. */
export function appUrl(): string {
  if (RUNNING !== undefined) {
    return RUNNING;
  }
  if (running === undefined) {
    throw new Error('the demo is not running');
  }
  return running.url;
}

/** Returns the environment without the program's own variables: it rejects those that it does not know. */
function withoutConfiguration(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('BIONICPRO_')));
}

export async function startDemo(): Promise<void> {
  if (RUNNING !== undefined) {
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'bionicpro-web-'));
  const demo = spawn(PROGRAM, ['demo', '--ports', 'auto', '--data', folder, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: withoutConfiguration(process.env),
  });
  const lines = createInterface({ input: demo.stdout });
  const first = once(lines, 'line', { signal: AbortSignal.timeout(START_MS) });
  const died = once(demo, 'exit').then(([status]) => {
    throw new Error(`the demo ended with status ${status}`);
  });
  const [line] = (await Promise.race([first, died])) as [string];
  died.catch(() => undefined);
  const ready = JSON.parse(line) as Ready;
  running = { process: demo, folder, url: ready.web.url.replace(/\/$/, ''), ready };
}

/** The reason why the demo's sources cannot be written to; undefined if they can. */
export const noSources = RUNNING === undefined ? undefined : 'skipped: the sources of a running service are its own';

/** Simulates movements of the demo's two wearers in the source, for `days` days up to `until`. */
export function simulate(until: string, days: number, perDay: number): Promise<number> {
  return command(
    'simulate',
    'seed',
    '--append',
    '--users',
    '5',
    `--until=${until}`,
    `--days=${days}`,
    `--movements-per-day=${perDay}`,
  );
}

/** The time within which the API notices a load: it polls every second. */
const HEARD_MS = 2_000;

/** Starts an incremental run, as an operator would: afterwards the reports include what is new in the sources. */
export async function tick(): Promise<void> {
  const status = await command('etl', 'run');
  if (status !== 0 && status !== NOTHING_NEW) {
    throw new Error(`the tick ended with status ${status}`);
  }
  await new Promise((heard) => setTimeout(heard, HEARD_MS));
}

/** Runs a command of the program against the demo's parts; returns its exit status. */
async function command(...words: string[]): Promise<number> {
  if (running === undefined) {
    throw new Error('the demo is not running');
  }
  const { folder, ready } = running;
  const child = spawn(resolve(PROGRAM), words, {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...withoutConfiguration(process.env),
      BIONICPRO_CRM_URL: ready.crm.url,
      BIONICPRO_TELEMETRY_URL: ready.telemetry.url,
      BIONICPRO_WAREHOUSE_URL: ready.warehouse.url,
      BIONICPRO_STAGE_URL: `file://${folder}/stage`,
      BIONICPRO_LOG_LEVEL: 'error',
    },
  });
  const [status] = (await once(child, 'exit')) as [number];
  return status;
}

export async function stopDemo(): Promise<void> {
  if (running === undefined) {
    return;
  }
  const { process: demo, folder } = running;
  running = undefined;
  if (demo.exitCode === null) {
    const gone = once(demo, 'exit', { signal: AbortSignal.timeout(STOP_MS) });
    demo.kill('SIGTERM');
    await gone.catch(() => demo.kill('SIGKILL'));
  }
  rmSync(folder, { recursive: true, force: true });
}
