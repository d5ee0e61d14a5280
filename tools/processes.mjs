// SPDX-License-Identifier: Apache-2.0
// Long-running programs: started in a session of their own (so that a terminal's Ctrl-C reaches the launcher
// alone), logged to a file each, their warnings shown. A pipe on their standard input tells them when we are gone.
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { environment, logFile } from './paths.mjs';
import { Failure, logEntry, say } from './say.mjs';
import { wrapped } from './testbed/testbed.mjs';

const warningLevel = 40; // pino's

/** Emits `death` with a Failure when a program ends that nobody stopped. */
export class Processes extends EventEmitter {
  stopping = false;

  /** @param {import('./run.mjs').Run} run */
  constructor(run) {
    super();
    this.run = run;
  }

  /**
   * Starts a program.
   * @param {{ name: string, command: string[], group?: string, env?: object, onLine?: (line: string) => boolean,
   *   place?: { namespace?: string, cgroup: string } }} options `onLine` sees each line of its standard output and
   *   returns true for those that must not be logged; `place` is where in a testbed it runs
   */
  start({ name, command, group, env = {}, onLine = () => false, place }) {
    if (this.stopping) throw new Failure('stopped while starting');
    const [program, parameters] = place ? wrapped(command, place) : [command[0], command.slice(1)];
    const child = spawn(program, parameters, {
      detached: true,
      env: { ...environment, UNDERMESH_SUPERVISED: '1', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const log = logFile(name);
    child.once('error', (error) => this.emit('death', new Failure(`cannot start ${name}: ${error.message}`)));
    if (child.pid === undefined) return { name, child, log };
    this.run.addProcess(name, child.pid, group);
    child.stdin.on('error', () => {}); // it ended first
    record(child, { name, log, onLine });
    child.once('close', (code, signal) => {
      if (this.stopping) return;
      const how = signal ? `was ended by ${signal}` : `ended with code ${code}`;
      this.emit('death', new Failure(`${name} ${how}`, { log }));
    });
    return { name, child, log };
  }

  /** From now on programs end because we want them to, and none starts any more. */
  stop() {
    this.stopping = true;
    this.emit('stop');
  }

  /** Waits for `promise`, but not beyond the first death, nor beyond {@link stop}. */
  async unlessDeath(promise) {
    const controller = new AbortController();
    const { signal } = controller;
    const ends = [
      once(this, 'death', { signal }).then(([failure]) => Promise.reject(failure)),
      once(this, 'stop', { signal }).then(() => Promise.reject(new Failure('stopped while starting'))),
    ];
    for (const end of ends) end.catch(() => {});
    try {
      return await Promise.race([promise, ...ends]);
    } finally {
      controller.abort();
    }
  }
}

/** Starts the program that cleans up after us when we are killed. End its standard input when all is undone. */
export function startKeeper(run) {
  const keeper = spawn(process.execPath, [fileURLToPath(new URL('./keeper.mjs', import.meta.url))], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  keeper.unref();
  keeper.stdin.unref?.();
  run.keep(keeper.pid);
  return keeper;
}

/** Waits until `url` answers 200. */
export async function untilReady(name, url, { timeoutMs = 60_000, log } = {}) {
  const deadline = Date.now() + timeoutMs;
  let last = 'no answer';
  while (Date.now() < deadline) {
    try {
      const response = await fetch(url, {
        signal: AbortSignal.timeout(2000),
        headers: { connection: 'close' },
      });
      const text = await response.text();
      if (response.ok) return;
      last = `${response.status} ${text.slice(0, 300)}`;
    } catch (error) {
      last = error.cause?.code ?? error.message;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Failure(`${name} is not ready after ${timeoutMs / 1000} s: ${url} says ${last}`, { log });
}

function record(child, { name, log, onLine }) {
  const file = createWriteStream(log, { flags: 'w', mode: 0o600 });
  child.once('close', () => file.end());
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (onLine(line)) return;
    file.write(`${line}\n`);
    showWarning(name, line);
  });
  createInterface({ input: child.stderr }).on('line', (line) => {
    file.write(`${line}\n`);
    if (!showWarning(name, line) && line.trim() !== '') say(`${name}: ${line}`);
  });
}

// Returns whether the line was a log entry.
function showWarning(name, line) {
  const entry = logEntry(line);
  if (entry && entry.level >= warningLevel) say(`${name}: ${entry.text}`);
  return entry !== undefined;
}
