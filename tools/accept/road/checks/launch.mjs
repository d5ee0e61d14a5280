// SPDX-License-Identifier: Apache-2.0
// `npm start` as somebody types it: run in a checkout, watched from outside, and what it left looked for afterwards.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { npm } from '../../../paths.mjs';
import { bpffsMount, cgroup2Mount } from '../../../testbed/cgroups.mjs';
import { isAlive } from '../../../testbed/owners.mjs';

/** One run of `npm start`, unattended: nothing on its standard input. */
export class Launch {
  output = '';
  #child;
  #checkout;
  /** Everything that it wrote down as made: see tools/run.mjs. */
  made = { things: [] };
  #programs = [];

  /** @param {string} checkout @param {string[]} parameters what follows `npm start --` */
  constructor(checkout, parameters) {
    this.#checkout = checkout;
    const env = { ...process.env };
    for (const name of Object.keys(env)) if (/^(UNDERMESH_|npm_|INIT_CWD$)/.test(name)) delete env[name];
    const [program, ...rest] = npm;
    this.#child = spawn(program, [...rest, 'start', '--', ...parameters], {
      cwd: checkout,
      env,
      detached: true, // a process group of its own, as a shell gives a job
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (this.output += text));
    }
  }

  /** Waits until it says where the dashboard is. @returns {Promise<{ url: string, seconds: number }>} */
  async ready(timeoutMs) {
    const start = Date.now();
    for (;;) {
      const url = /dashboard +(http:\S+)/.exec(this.output)?.[1];
      if (url) {
        const seconds = (Date.now() - start) / 1000;
        await this.#lookAround(url);
        return { url, seconds };
      }
      if (this.#child.exitCode !== null || Date.now() - start > timeoutMs) {
        throw new Error(`npm start does not reach the dashboard: ${this.#failure()}`);
      }
      await pause(100);
    }
  }

  // What it says of its failure, and nothing else: its output holds the token.
  #failure() {
    const at = this.output.indexOf('\nfailed:');
    return at < 0 ? 'it says nothing' : this.output.slice(at + 1, at + 800).trim();
  }

  /** Presses Ctrl-C: the whole process group gets SIGINT. @returns {Promise<{ how: string, seconds: number }>} */
  async interrupt() {
    const start = Date.now();
    const ended = once(this.#child, 'exit');
    process.kill(-this.#child.pid, 'SIGINT');
    const [code, signal] = await ended;
    return { how: signal ?? `code ${code}`, seconds: (Date.now() - start) / 1000 };
  }

  /** Ends the launcher, and with `keeper` also the process that cleans up after it, without a chance to do anything. */
  async kill({ keeper = false } = {}) {
    const { owner, keeper: cleaner } = this.made;
    const ended = once(this.#child, 'exit');
    if (keeper) process.kill(cleaner.pid, 'SIGKILL');
    process.kill(owner.pid, 'SIGKILL');
    await ended;
  }

  /** Ends it however it stands; for the way out of a check that failed. */
  async abandon() {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.interrupt();
  }

  /** What is still there of all that it made: one line each; empty when nothing is. */
  left() {
    const left = [];
    for (const thing of this.made.things) {
      if (thing.kind === 'process' && isAlive(thing)) left.push(`process ${thing.name}`);
      if (thing.kind !== 'testbed') continue;
      const namespaces = readdirSync('/run/netns').filter((name) => name.startsWith(`${thing.name}-`));
      left.push(...namespaces.map((name) => `namespace ${name}`));
      if (existsSync(join(cgroup2Mount(), thing.name))) left.push(`cgroup ${thing.name}`);
    }
    if (isAlive(this.made.owner)) left.push('the launcher');
    if (isAlive(this.made.keeper)) left.push('its keeper');
    if (existsSync(join(this.#checkout, '.undermesh/run.json'))) left.push('the record of the run');
    const ids = new Set(bpfPrograms().map(({ id }) => id));
    left.push(...this.#programs.filter(({ id }) => ids.has(id)).map(({ name }) => `program ${name}`));
    const pins =
      bpffsMount() === undefined
        ? []
        : [join(bpffsMount(), 'undermesh')].filter(existsSync).flatMap((path) => readdirSync(path));
    left.push(...pins.map((name) => `pin ${name}`));
    for (const [pid, cwd] of processesIn(this.#checkout))
      left.push(`process ${pid} in ${cwd.slice(this.#checkout.length) || '/'}`);
    return left;
  }

  /** Waits until nothing is left, or says what is. */
  async untilGone(timeoutMs) {
    const deadline = Date.now() + timeoutMs;
    while (this.left().length > 0 && Date.now() < deadline) await pause(200);
    return this.left();
  }

  /** How many programs of eBPF its agents hold. */
  get programs() {
    return this.#programs.length;
  }

  // Which programs its agents hold is asked while it runs; they report themselves as the kernel shows them.
  async #lookAround(url) {
    this.made = JSON.parse(readFileSync(join(this.#checkout, '.undermesh/run.json'), 'utf8'));
    const { items } = await (await fetch(`${url}/api/v1/nodes`)).json();
    const ids = new Set(items.flatMap(({ hooks }) => hooks.map(({ programId }) => programId)));
    this.#programs = bpfPrograms().filter(({ id }) => ids.has(id));
  }
}

const bpfPrograms = () => JSON.parse(execFileSync('bpftool', ['-j', 'prog', 'show'], { encoding: 'utf8' }));

/** Processes whose working directory lies in a checkout. */
function processesIn(checkout) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const cwd = readlinkSync(`/proc/${pid}/cwd`);
        return cwd.startsWith(checkout) ? [[pid, cwd]] : [];
      } catch {
        return []; // it ended
      }
    });
}

/** Whether something listens on a loopback port. */
export function isListening(port) {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
