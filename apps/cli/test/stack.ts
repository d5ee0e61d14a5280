// SPDX-License-Identifier: Apache-2.0
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { FakeAgent } from '@undermesh/collector/test-support';
import { runIn } from '../src/main.js';
import { testTerminal } from './terminal.js';

const binary = (name: string): string =>
  fileURLToPath(new URL(`../../../node_modules/.bin/${name}`, import.meta.url));
/** The program itself. */
export const program = fileURLToPath(new URL('../bin/undermesh.mjs', import.meta.url));

/** A collector of its own, as a process on a free port, with fake agents. */
export interface Stack {
  readonly url: string;
  readonly token: string;
  /** A directory that is gone with the stack. */
  readonly state: string;
  agent(node: string): Promise<FakeAgent>;
  /** One that is not connected yet. */
  newAgent(node: string): Promise<FakeAgent>;
  /** Lets an agent say once a second how many ends its kernel made: without that its node counts as silent. */
  report(agent: FakeAgent, made: number): void;
  /** Ends the collector without a word; {@link restart} brings it back on the same port. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startStack(): Promise<Stack> {
  const state = mkdtempSync(join(tmpdir(), 'undermesh-cli-'));
  const data = join(state, 'collector');
  const start = async (port: string) => {
    const child = spawn(binary('undermesh-collector'), ['--data', data, '--port', port, '--supervised'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let token = '';
    createInterface({ input: child.stdout }).on('line', (line) => {
      token = /^UNDERMESH_TOKEN=(\S+)$/.exec(line)?.[1] ?? token;
    });
    let log = '';
    for await (const line of createInterface({ input: child.stderr })) {
      log += `${line}\n`;
      if (line.includes('"collector listens"')) {
        child.stderr.resume();
        return { child, token, url: (JSON.parse(line) as { url: string }).url };
      }
    }
    throw new Error(`the collector ended:\n${log}`);
  };
  const first = await start('0');
  let { child } = first;
  const agents: FakeAgent[] = [];
  const reporting: NodeJS.Timeout[] = [];
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return {
    url: first.url,
    token: first.token,
    state,
    kill,
    async agent(node) {
      const agent = await this.newAgent(node);
      await agent.connect();
      return agent;
    },
    async newAgent(node) {
      const file = join(state, `${node}.credential`);
      const make = ['credential', '--node', node, '--out', file, '--data', data];
      await promisify(execFile)(binary('undermesh-collector'), make);
      const agent = new FakeAgent({ url: first.url, node, credential: readFileSync(file, 'utf8').trim() });
      agents.push(agent);
      return agent;
    },
    report(agent, made) {
      const say = (): void => {
        if (agent.isOpen) agent.report({ made });
      };
      say();
      reporting.push(setInterval(say, 1000));
    },
    async restart() {
      ({ child } = await start(new URL(first.url).port));
    },
    async stop() {
      for (const timer of reporting) clearInterval(timer);
      for (const agent of agents) agent.kill();
      await kill();
      rmSync(state, { recursive: true, force: true });
    },
  };
}

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of the program; with `terminal`, on one of 24 rows and 100 columns that `script` makes. */
export class Run {
  readonly child;
  stdout = '';
  stderr = '';

  constructor(
    args: readonly string[],
    environment: Record<string, string> = {},
    { terminal = false }: { terminal?: boolean } = {},
  ) {
    const line = [process.execPath, program, ...args];
    const [command = '', ...rest] = terminal
      ? ['script', '-qec', `stty rows 24 cols 100; exec ${line.join(' ')}`, '/dev/null']
      : line;
    this.child = spawn(command, rest, {
      env: { PATH: process.env.PATH ?? '', TZ: 'UTC', ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child.stdout.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString();
    });
    this.child.stderr.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
  }

  type(keys: string): void {
    this.child.stdin.write(keys);
  }

  async ended(): Promise<Outcome> {
    const [status] = (await once(this.child, 'close')) as [number | null];
    return { status, stdout: this.stdout, stderr: this.stderr };
  }
}

/** Runs a command line within this process: as the program does, but quicker. */
export async function ask(args: readonly string[], environment: Record<string, string>): Promise<Outcome> {
  const terminal = testTerminal();
  const status = await runIn({ terminal, environment }, args);
  return {
    status,
    stdout: terminal.written.join(''),
    stderr: terminal.noted.map((line) => `${line}\n`).join(''),
  };
}

/** Runs the program to its end. */
export const undermesh = (args: readonly string[], environment?: Record<string, string>): Promise<Outcome> =>
  new Run(args, environment).ended();

/** Waits until a check passes; its last failure is what is thrown. */
export async function eventually<T>(check: () => Promise<T> | T, timeoutMs = 60_000): Promise<T> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
