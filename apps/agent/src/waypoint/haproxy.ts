// SPDX-License-Identifier: Apache-2.0
import { execFile, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { messageOf } from '@undermesh/core';
import { agentError } from '../errors.js';
import { type HaproxyProcesses, reload, showProcesses, showServers, tellServers } from './control-sockets.js';
import { type LineSink, LogPipe } from './log-pipe.js';
import type { Rendered } from './render.js';
import { frameOf, isDone, readSlots, type SlotBook, slotChanges } from './slots.js';

/** How a HAProxy is run. */
export interface HaproxyOptions {
  /** Its own directory: configuration, log, pid file, master socket. */
  readonly directory: string;
  readonly program: string;
  /** Directory of the cgroup that it runs in, made if need be; `null`: the agent's. */
  readonly cgroup: string | null;
  /** File of the network namespace that it runs in; `null`: the agent's. */
  readonly networkNamespace: string | null;
  /** Who hears of each request; `null`: nobody. */
  readonly requests: LineSink | null;
}

const run = promisify(execFile);
const SETTLE_MS = 20_000;
const PAUSE_MS = 50;
const LOG_TAIL_BYTES = 2_000;

/**
 * One HAProxy in master-worker mode. It is nobody's child: it outlives the agent, and the next one finds it by its pid
 * file. A new configuration is checked before it counts; then the master starts a worker with it, which takes over the
 * listening sockets, while the old one finishes what it has.
 */
export class Haproxy {
  readonly #options: HaproxyOptions;
  readonly #socket: string;
  readonly #workerSocket: string;
  readonly #configuration: string;
  readonly #candidate: string;
  /** There from before a configuration is put in force until it is: what a killed agent left undone is done again. */
  readonly #pending: string;
  readonly #pidFile: string;
  readonly #log: string;
  readonly #requests: LogPipe;

  constructor(options: HaproxyOptions) {
    this.#options = options;
    const file = (name: string): string => join(options.directory, name);
    this.#socket = file('master.sock');
    this.#workerSocket = file('worker.sock');
    this.#configuration = file('haproxy.cfg');
    this.#candidate = file('candidate.cfg');
    this.#pending = file('pending');
    this.#pidFile = file('haproxy.pid');
    this.#log = file('haproxy.log');
    this.#requests = new LogPipe(file('requests'));
  }

  /** The master's pid, if it lives and is ours. */
  get pid(): number | null {
    const pid = Number(readIfThere(this.#pidFile));
    if (!Number.isInteger(pid) || pid <= 1) return null;
    return readIfThere(`/proc/${pid}/cmdline`).split('\0').includes(this.#configuration) ? pid : null;
  }

  /** Whether it can be told to tell of requests: one that an agent started for whom nobody listened cannot. */
  get tellsRequests(): boolean {
    const { pid } = this;
    return this.#options.requests !== null && (pid === null || this.#requests.isOutputOf(pid));
  }

  /**
   * Puts a configuration in force: at once, if it is that already or differs by endpoints only. Rejects with what HAProxy
   * says against it.
   */
  async apply(rendered: Rendered): Promise<void> {
    this.#listen();
    const running = this.pid !== null && !existsSync(this.#pending) && (await this.#works());
    const before = readIfThere(this.#configuration);
    if (running && before === rendered.configuration) return;
    const sameFrame = running && frameOf(before) === frameOf(rendered.configuration);
    if (!sameFrame) await this.#check(rendered);
    writeFileSync(this.#pending, '');
    writeFileSync(this.#candidate, rendered.configuration);
    renameSync(this.#candidate, this.#configuration);
    const changed = sameFrame && (await this.#changeServers(readSlots(before), this.slots));
    if (!changed) await (this.pid === null ? this.#start() : this.#reload());
    rmSync(this.#pending);
    this.#forgetMaps(rendered.map.name);
  }

  /** Slots of the configuration in force. */
  get slots(): SlotBook {
    return readSlots(readIfThere(this.#configuration));
  }

  /** Has the worker go to other endpoints as it runs. `false`: it did not do as it was told. */
  async #changeServers(before: SlotBook, now: SlotBook): Promise<boolean> {
    const changes = slotChanges(before, now);
    try {
      await tellServers(
        this.#workerSocket,
        changes.flatMap(({ commands }) => commands),
      );
      const states = await showServers(this.#workerSocket);
      return changes.every((change) => isDone(change, states));
    } catch {
      return false;
    }
  }

  /** Whether a worker serves. */
  async #works(): Promise<boolean> {
    return showProcesses(this.#socket).then(
      ({ workerPid }) => workerPid !== null,
      () => false,
    );
  }

  /** What it is made of; `null` while it does not answer. */
  processes(): Promise<HaproxyProcesses | null> {
    return showProcesses(this.#socket).catch(() => null);
  }

  /** Listens no longer to what it says of requests. */
  detach(): void {
    this.#requests.close();
  }

  #listen(): void {
    const { requests, directory } = this.#options;
    if (requests === null) return;
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    this.#requests.read(requests);
  }

  /** Ends it with all its connections, and removes its directory. */
  async remove(): Promise<void> {
    const { pid } = this;
    this.detach();
    if (pid !== null) {
      process.kill(pid, 'SIGTERM');
      await this.#until(() => this.pid === null, 'end').catch(() => process.kill(pid, 'SIGKILL'));
    }
    rmSync(this.#options.directory, { recursive: true, force: true });
  }

  /** Rejects where HAProxy cannot take a configuration. */
  async #check({ configuration, map }: Rendered): Promise<void> {
    const { directory, program } = this.#options;
    const candidate = this.#candidate;
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    writeFileSync(join(directory, map.name), map.text);
    writeFileSync(candidate, configuration);
    try {
      await run(program, ['-c', '-f', candidate]);
    } catch (error) {
      throw agentError(
        'waypoint_failed',
        `HAProxy refuses its configuration ${candidate}: ${said(error)}`,
        error,
      );
    }
  }

  async #start(): Promise<void> {
    const { program, cgroup, networkNamespace, requests } = this.#options;
    rmSync(this.#socket, { force: true });
    if (cgroup !== null) mkdirSync(cgroup, { recursive: true });
    const haproxy = [
      program,
      '-W',
      '-S',
      `${this.#socket},mode,600`,
      '-p',
      this.#pidFile,
      '-f',
      this.#configuration,
    ];
    const command =
      networkNamespace === null ? haproxy : ['nsenter', `--net=${networkNamespace}`, '--', ...haproxy];
    const output = openSync(this.#log, 'w', 0o600);
    const said = requests === null ? output : this.#requests.open();
    const child = spawn('/bin/sh', ['-c', ENTER, cgroup ?? '', ...command], {
      detached: true,
      stdio: ['ignore', said, output],
    });
    for (const file of new Set([output, said])) closeSync(file);
    child.unref();
    const ended = { how: '' };
    child.on('error', (error) => {
      ended.how = messageOf(error);
    });
    child.on('exit', (code, signal) => {
      ended.how = `ended with ${signal ?? code}`;
    });
    await this.#until(async () => {
      if (ended.how !== '') throw agentError('waypoint_failed', `HAProxy ${ended.how}: ${this.#lastWords()}`);
      return this.pid !== null && this.#works();
    }, 'start');
  }

  async #reload(): Promise<void> {
    const before = await this.processes();
    try {
      await reload(this.#socket);
    } catch (error) {
      throw agentError('waypoint_failed', `HAProxy cannot be reached at ${this.#socket}.`, error);
    }
    await this.#until(async () => {
      const now = await this.processes();
      return now !== null && now.workerPid !== null && now.workerPid !== before?.workerPid;
    }, 'take its new configuration');
  }

  async #until(done: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const endsMs = performance.now() + SETTLE_MS;
    while (performance.now() < endsMs) {
      if (await done()) return;
      await sleep(PAUSE_MS);
    }
    throw agentError(
      'waypoint_failed',
      `HAProxy did not ${what} within ${SETTLE_MS} ms: ${this.#lastWords()}`,
    );
  }

  #lastWords(): string {
    return readIfThere(this.#log).slice(-LOG_TAIL_BYTES).trim();
  }

  /** Map files of configurations that no worker will read again. */
  #forgetMaps(kept: string): void {
    for (const name of readdirSync(this.#options.directory))
      if (name.endsWith('.map') && name !== kept) rmSync(join(this.#options.directory, name));
  }
}

/** Ends all waypoints that have a directory in this one, but those whose directory is named. */
export async function removeWaypoints(
  directory: string,
  kept: ReadonlySet<string> = new Set(),
): Promise<void> {
  if (!existsSync(directory)) return;
  const options = { program: '', cgroup: null, networkNamespace: null, requests: null };
  const gone = readdirSync(directory).filter((name) => !kept.has(name));
  await Promise.all(
    gone.map((name) => new Haproxy({ ...options, directory: join(directory, name) }).remove()),
  );
}

/** Enters a cgroup, if one is given, before there is any socket, and becomes the command. */
const ENTER = 'if [ -n "$0" ]; then echo $$ > "$0/cgroup.procs" || exit 1; fi; exec "$@"';

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return '';
    throw error;
  }
}

const said = (error: unknown): string => {
  const { stderr } = error as { stderr?: string };
  return stderr === undefined || stderr === '' ? messageOf(error) : stderr.trim();
};
