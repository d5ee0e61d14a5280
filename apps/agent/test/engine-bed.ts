// SPDX-License-Identifier: Apache-2.0
//
// A network namespace with servers and clients of its own. Virtual addresses are 10.96.0.0/16 and fd96::/16 and lead
// nowhere unless they are steered; servers listen at addresses of its loopback.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findCgroup2Mount, isBpffs, mountBpffs, unmountBpffs } from '@undermesh/libbpf-ts';

/** What became of a connect. */
export interface Outcome {
  /** What the server that took it calls itself, e.g. `10.1.0.1:80`. */
  readonly said?: string;
  /** What the application sees as its peer. */
  readonly peer?: string;
  readonly error?: string;
}

const SERVER = `
const net = require('node:net'), dgram = require('node:dgram');
for (const at of process.argv.slice(1)) {
  const i = at.lastIndexOf(':'), host = at.slice(0, i), port = Number(at.slice(i + 1));
  const name = (s) => process.env.WAYPOINT ? s.localAddress + ':' + s.localPort : at;
  net.createServer((s) => { s.on('error', () => {}); s.write(name(s) + '\\n'); s.on('data', (d) => s.write(d)); })
    .listen(port, host);
  const u = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
  u.on('message', (m, r) => u.send(at, r.port, r.address)); u.bind(port, host);
}
setTimeout(() => console.log('ready'), 100);`;

const CLIENT = `
const net = require('node:net'), dgram = require('node:dgram'), open = new Map();
const say = (x) => console.log(JSON.stringify(x));
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, host, port, keep, close, echo, udp } = JSON.parse(line);
  if (close !== undefined) { open.get(close).destroy(); open.delete(close); return say({ id }); }
  if (echo !== undefined) {
    const s = open.get(echo);
    if (s.destroyed) return say({ id, error: 'closed' });
    s.once('data', (d) => say({ id, said: String(d) }));
    return s.write('again');
  }
  if (udp) {
    const u = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
    u.on('message', (m, r) => { u.close(); say({ id, said: String(m), peer: r.address + ':' + r.port }); });
    return u.send('x', port, host, (e) => { if (e) { u.close(); say({ id, error: e.code }); } });
  }
  const s = net.connect({ host, port });
  s.once('data', (d) => {
    say({ id, said: String(d).trim(), peer: s.remoteAddress + ':' + s.remotePort });
    if (keep) open.set(id, s); else s.destroy();
  });
  s.on('error', (e) => say({ id, error: e.code }));
}).on('close', () => process.exit());
say({ ready: true });`;

/** A process in a cgroup that connects when told. */
export class Client {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();
  #id = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(namespace: string, cgroup: string): Promise<Client> {
    const child = spawnIn(namespace, cgroup, [process.execPath, '-e', CLIENT]);
    const client = new Client(child);
    await new Promise<void>((ready) => {
      createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
        const { id, ready: isReady, ...outcome } = JSON.parse(line);
        if (isReady) ready();
        else client.#waiting.get(id)?.(outcome);
      });
    });
    return client;
  }

  /** Connects, hears the server's name; `keep` leaves the connection open under the number returned. */
  async connect(at: string, how: { keep?: boolean; udp?: boolean } = {}): Promise<Outcome & { id: number }> {
    const i = at.lastIndexOf(':');
    return this.#tell({ host: at.slice(0, i), port: Number(at.slice(i + 1)), ...how });
  }

  /** Has a kept connection carry something there and back. */
  echo(id: number): Promise<Outcome> {
    return this.#tell({ echo: id });
  }

  close(id: number): Promise<Outcome> {
    return this.#tell({ close: id });
  }

  /** Which servers so many connects reach. */
  async reached(at: string, count: number): Promise<Map<string, number>> {
    const reached = new Map<string, number>();
    for (let i = 0; i < count; i++) {
      const { said, error } = await this.connect(at);
      const name = said ?? error ?? '';
      reached.set(name, (reached.get(name) ?? 0) + 1);
    }
    return reached;
  }

  async stop(): Promise<void> {
    await ended(this.#child, () => this.#child.stdin?.end());
  }

  #tell(order: Record<string, unknown>): Promise<Outcome & { id: number }> {
    const id = ++this.#id;
    return new Promise((resolve) => {
      this.#waiting.set(id, (outcome) => resolve({ ...outcome, id }));
      this.#child.stdin?.write(`${JSON.stringify({ id, ...order })}\n`);
    });
  }
}

let beds = 0;

/** One for a test file; {@link EngineBed.remove} leaves nothing behind. */
export class EngineBed {
  readonly namespace = `undermesh-agent-${process.pid}-${beds++}`;
  readonly cgroup = join(findCgroup2Mount(), this.namespace);
  readonly pins = `/sys/fs/bpf/${this.namespace}`;
  readonly directory = mkdtempSync(join(tmpdir(), 'undermesh-engine-'));
  readonly #children: ChildProcess[] = [];
  readonly #clients: Client[] = [];
  #mounted = false;

  constructor() {
    if (!isBpffs('/sys/fs/bpf')) {
      mountBpffs('/sys/fs/bpf');
      this.#mounted = true;
    }
    mkdirSync(this.cgroup);
    ip('netns', 'add', this.namespace);
    this.ip('link', 'set', 'lo', 'up');
    this.ip('route', 'add', 'unreachable', '10.96.0.0/16');
    this.ip('-6', 'route', 'add', 'unreachable', 'fd96::/16');
    for (let i = 1; i <= 4; i++) {
      this.ip('addr', 'add', `10.1.0.${i}/32`, 'dev', 'lo');
      this.ip('-6', 'addr', 'add', `fd01::${i}/128`, 'dev', 'lo', 'nodad');
    }
  }

  ip(...parameters: string[]): void {
    ip('-n', this.namespace, ...parameters);
  }

  /** Servers that tell their own address and send back what they hear. */
  serve(...addresses: string[]): Promise<ChildProcess> {
    return this.#serve(undefined, [process.execPath, '-e', SERVER, ...addresses]);
  }

  /** A server in a cgroup below the bed's that tells what getsockname() says of each connection. */
  waypoint(path: string, address: string): Promise<ChildProcess> {
    mkdirSync(join(this.cgroup, path), { recursive: true });
    const command = ['env', 'WAYPOINT=1', process.execPath, '-e', SERVER, address];
    return this.#serve(join(this.cgroup, path), command);
  }

  async #serve(cgroup: string | undefined, command: string[]): Promise<ChildProcess> {
    const child = spawnIn(this.namespace, cgroup, command);
    this.#children.push(child);
    await new Promise((ready) => child.stdout?.once('data', ready));
    return child;
  }

  /** A client in a cgroup below the bed's, made if it is not there. */
  async client(path: string): Promise<Client> {
    mkdirSync(join(this.cgroup, path), { recursive: true });
    const client = await Client.start(this.namespace, join(this.cgroup, path));
    this.#clients.push(client);
    return client;
  }

  async remove(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.stop()));
    await Promise.all(this.#children.map((child) => ended(child, () => child.kill('SIGKILL'))));
    ip('netns', 'del', this.namespace);
    removeCgroups(this.cgroup);
    if (existsSync(this.pins)) rmSync(this.pins, { recursive: true });
    if (this.#mounted) unmountBpffs('/sys/fs/bpf');
    rmSync(this.directory, { recursive: true });
  }
}

/** Waits until something is as it should be: at most a minute. */
export async function until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; ) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`waited in vain for ${what}`);
}

const ip = (...parameters: string[]): Buffer => execFileSync('ip', parameters);

/** Enters the cgroup first: a process takes it along into the namespace. */
function spawnIn(namespace: string, cgroup: string | undefined, command: string[]): ChildProcess {
  const enter = cgroup === undefined ? '' : `echo $$ > '${cgroup}/cgroup.procs' && `;
  const script = `${enter}exec nsenter --net=/var/run/netns/${namespace} "$0" "$@"`;
  return spawn('sh', ['-c', script, ...command], { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function ended(child: ChildProcess, end: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  end();
  await exit;
}

export function removeCgroups(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroups(join(path, entry.name));
  }
  rmdirSync(path);
}
