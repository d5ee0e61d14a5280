// SPDX-License-Identifier: Apache-2.0
// Pictures of a running demo for the documentation: docs/images/PAGE-THEME.png, 1440 × 900, dark and light.
//
//   npm start -- --demo                      # in another terminal; give it five minutes
//   node playwright/screenshots.mjs [--url http://127.0.0.1:7070] [--out docs/images] [PAGE...]
//
// For `partial` one agent of the demo is stopped for some seconds with SIGSTOP and goes on afterwards; `empty` is a
// collector of our own that no agent knows.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { BROWSER } from './stack/browser.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:7070' },
    out: { type: 'string', default: join(root, 'docs/images') },
  },
  allowPositionals: true,
});
/** The shop alone: the machine that the pictures are taken on shows its own work beside it. */
const SHOP = 'window=300&namespace=internet,edge,shop,checkout,data,bank';
const PAUSED_NODE = 'shop-3';
const SILENCE_MS = 45_000;

const answer = async (path) => (await fetch(`${values.url}/api/v1/${path}`)).json();
const drawn = (page) =>
  page.locator('[data-testid=topology-canvas][data-drawn=true] canvas').waitFor({ timeout: 30_000 });

/** An edge that fails, or else the first, for the panel. */
async function edgeToShow() {
  const { items } = await answer(`edges?level=workload&order=worst&limit=20&${SHOP}`);
  return (items.find(({ health }) => health === 'failing') ?? items[0]).id;
}

/** A connection with something to see: established, ended, both ends. */
async function connectionToShow() {
  const { items } = await answer(
    'connections?state=ended&source=orders&destination=payments&window=300&limit=50',
  );
  return (items.find(({ seenBy, state }) => seenBy === 'both' && state === 'closed') ?? items[0])?.id ?? '';
}

/** Pages of the running demo: where they are and what shows that they are complete. */
const PAGES = {
  overview: { path: () => `/?${SHOP}`, ready: (page) => page.locator('.failures li').first().waitFor() },
  topology: { path: () => `/topology/?${SHOP}`, ready: drawn },
  'topology-panel': {
    path: async () => `/topology/?${SHOP}&sel=${encodeURIComponent(`edge:${await edgeToShow()}`)}`,
    ready: async (page) => {
      await drawn(page);
      await page.locator('.edge-chart canvas').waitFor();
    },
  },
  latency: {
    path: () => '/latency/?window=300&from=shop/front&to=shop/catalogue',
    ready: (page) => page.locator('[data-testid=latency-heat] canvas').waitFor(),
  },
  'topology-latency': {
    path: async () =>
      `/topology/?${SHOP}&tab=latency&sel=${encodeURIComponent('edge:workload:default/shop/front>workload:default/shop/catalogue')}`,
    ready: async (page) => {
      await drawn(page);
      await page.locator('.latency-histogram canvas').waitFor();
    },
  },
  'topology-path': {
    path: async () =>
      `/topology/?${SHOP}&tab=path&sel=${encodeURIComponent('edge:workload:default/shop/front>workload:default/shop/catalogue')}`,
    ready: async (page) => {
      await drawn(page);
      await page.locator('[data-testid=path] .stop').first().waitFor();
    },
  },
  'topology-waypoint': {
    path: () =>
      `/topology/?${SHOP}&tab=path&sel=${encodeURIComponent('edge:workload:default/shop/front>workload:default/shop/reviews@v2|workload:default/shop/waypoint')}`,
    ready: async (page) => {
      await drawn(page);
      await page.locator('[data-stop=waypoint]').waitFor();
    },
  },
  engines: {
    path: () => '/engines/?node=shop-1',
    ready: (page) => page.locator('tr', { hasText: 'shop-3' }).first().waitFor(),
  },
  connections: {
    path: () => '/connections/?window=300',
    ready: (page) => page.locator('tr[data-key]').nth(20).waitFor(),
  },
  'connections-record': {
    path: async () =>
      `/connections/?window=300&state=ended&source=orders&connection=${await connectionToShow()}`,
    ready: (page) => page.locator('table.record').waitFor(),
  },
  routes: {
    path: () => '/routes/',
    ready: (page) => page.getByRole('heading', { name: 'Routes', exact: true }).waitFor(),
  },
  nodes: { path: () => '/nodes/', ready: (page) => page.locator('.kernel-cards td').first().waitFor() },
  settings: {
    path: () => '/settings/',
    ready: (page) => page.getByRole('heading', { name: 'Store' }).waitFor(),
  },
};

async function take(browser, { name, url, path, ready }) {
  for (const theme of ['dark', 'light']) {
    const page = await browser.newPage({
      viewport: { width: 1440, height: 900 },
      colorScheme: theme,
      reducedMotion: 'reduce',
    });
    await page.goto(url + path);
    await page.locator('.fresh', { hasText: /Live|Listening/ }).waitFor();
    await ready(page);
    await page.evaluate(() => document.fonts.ready);
    await page.waitForTimeout(15_000); // the freshness bars fill, one a second
    const file = join(values.out, `${name}-${theme}.png`);
    await page.screenshot({ path: file });
    await page.close();
    console.log(file);
  }
}

/** The process of a node's agent, known by its configuration file. */
function agentOf(node) {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (words.some((word) => word.endsWith(`/config/agent-${node}.yaml`))) return Number(pid);
    } catch {
      // It ended meanwhile.
    }
  }
  throw new Error(`no agent of ${node} runs: start the demo first (npm start -- --demo)`);
}

async function partial(browser) {
  const pid = agentOf(PAUSED_NODE);
  const goOn = () => process.kill(pid, 'SIGCONT');
  process.once('exit', goOn);
  process.once('SIGINT', () => process.exit(130));
  process.kill(pid, 'SIGSTOP');
  try {
    await new Promise((resolve) => setTimeout(resolve, SILENCE_MS));
    const ready = (page) => page.locator('.note.warn', { hasText: PAUSED_NODE }).waitFor();
    await take(browser, { name: 'partial', url: values.url, path: `/?${SHOP}`, ready });
  } finally {
    goOn();
    process.off('exit', goOn);
  }
}

async function empty(browser) {
  const data = mkdtempSync(join(tmpdir(), 'undermesh-empty-'));
  const collector = spawn(
    process.execPath,
    [join(root, 'apps/collector/bin/undermesh-collector.mjs'), '--data', data],
    {
      env: { ...process.env, UNDERMESH_COLLECTOR_LISTEN_PORT: '0' },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  try {
    let url;
    for await (const line of createInterface({ input: collector.stderr })) {
      if (!line.includes('"collector listens"')) continue;
      url = JSON.parse(line).url;
      break;
    }
    const ready = (page) => page.locator('.steps').waitFor();
    await take(browser, { name: 'empty', url, path: '/', ready });
  } finally {
    const ended = once(collector, 'exit');
    collector.kill('SIGTERM');
    await ended;
    rmSync(data, { recursive: true, force: true });
  }
}

const wanted = (name) => positionals.length === 0 || positionals.includes(name);
mkdirSync(values.out, { recursive: true });
const browser = await chromium.launch(BROWSER);
try {
  for (const [name, { path, ready }] of Object.entries(PAGES)) {
    if (wanted(name)) await take(browser, { name, url: values.url, path: await path(), ready });
  }
  if (wanted('empty')) await empty(browser);
  if (wanted('partial')) await partial(browser);
} finally {
  await browser.close();
}
