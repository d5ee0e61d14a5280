// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Mesh } from '@undermesh/mesh';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  addressOf,
  ask,
  canRun,
  connect,
  KeptConnection,
  meshOf,
  newRunner,
  ofService,
  routeManifest,
  serviceManifest,
  startBackend,
  temporaryDirectory,
  vipOf,
  waypointDirectory,
} from './bed.js';

/** A mesh in which s1 goes to one backend; `label` is in what it answers. */
const meshTo = (backend: number, label: string): Promise<Mesh> =>
  meshOf(
    serviceManifest(1, [1]),
    serviceManifest(2, [2]),
    routeManifest(
      'way',
      ofService(1),
      `  rules:
    - filters: [{ type: ResponseHeaderModifier, responseHeaderModifier: { set: [{ name: X-Label, value: ${label} }] } }]
      backendRefs: [{ name: s${backend}, port: 80 }]
`,
    ),
  );

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  const endsMs = performance.now() + 60_000;
  while (!(await done())) {
    if (performance.now() > endsMs) throw new Error('it did not come about');
    await sleep(20);
  }
}

/** A process that has ended is there until somebody has waited for it. */
const isGone = (pid: number) => until(() => !existsSync(`/proc/${pid}`));

/** Requests one after the other on connections that it keeps; counts what was answered and what was not. */
class KeptConnections {
  answered = 0;
  failures: string[] = [];
  readonly labels = new Set<string>();
  #stop = false;
  readonly #clients: Promise<void>[];

  constructor(count: number) {
    this.#clients = Array.from({ length: count }, () => this.#client());
  }

  async stop(): Promise<void> {
    this.#stop = true;
    await Promise.all(this.#clients);
  }

  async #client(): Promise<void> {
    let socket = connect(vipOf(1));
    while (!this.#stop) {
      try {
        const { close, label } = await exchange(socket);
        this.answered++;
        this.labels.add(label);
        if (!close) continue;
        socket.destroy();
      } catch (error) {
        this.failures.push(String(error));
      }
      socket = connect(vipOf(1));
    }
    socket.destroy();
  }
}

/** One request and its answer over a connection that may be kept. */
function exchange(socket: Socket): Promise<{ close: boolean; label: string }> {
  return new Promise((resolve, reject) => {
    let text = '';
    const end = (error?: Error): void => {
      socket.off('data', onData).off('error', end).off('close', onClose);
      const head = text.split('\r\n\r\n')[0] ?? '';
      if (error !== undefined) reject(error);
      else
        resolve({
          close: /^connection: close/im.test(head),
          label: /^x-label: (.*)$/im.exec(head)?.[1] ?? '',
        });
    };
    const onClose = (): void => end(new Error(`closed after ${text.length} bytes`));
    const onData = (part: Buffer): void => {
      text += part.toString('latin1');
      const [head = '', body] = text.split('\r\n\r\n', 2);
      if (body === undefined) return;
      if (!head.startsWith('HTTP/1.1 200')) end(new Error(head));
      else if (
        /^transfer-encoding: chunked/im.test(head) ? body.endsWith('0') || text.endsWith('0\r\n\r\n') : true
      )
        end();
    };
    socket.on('data', onData).on('error', end).on('close', onClose);
    socket.write('GET /kept HTTP/1.1\r\nHost: s1\r\n\r\n');
  });
}

describe.skipIf(!canRun)('WaypointRunner (needs root and HAProxy)', { timeout: 60_000 }, () => {
  it('takes new configurations under load without losing a request', async () => {
    await Promise.all([startBackend(1), startBackend(2)]);
    const runner = newRunner();
    await runner.apply(await meshTo(1, 'label-0'));
    const load = new KeptConnections(8);
    let shortFailures = 0;
    let shortAnswers = 0;
    let stop = false;
    const shorts = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!stop)
          await ask(1).then(
            ({ status }) => (status === 200 ? shortAnswers++ : shortFailures++),
            () => shortFailures++,
          );
      }),
    );
    for (let turn = 1; turn <= 6; turn++) {
      await sleep(150);
      await runner.apply(await meshTo(1 + (turn % 2), `label-${turn}`));
      expect(runner.states[0]?.problem).toBeNull();
      const { echo, headers } = await ask(1);
      expect([echo?.server, headers['x-label']]).toEqual([`b${1 + (turn % 2)}`, `label-${turn}`]);
    }
    stop = true;
    await Promise.all([load.stop(), shorts]);
    expect(load.failures).toEqual([]);
    expect(shortFailures).toBe(0);
    expect(load.answered).toBeGreaterThan(100);
    expect(shortAnswers).toBeGreaterThan(100);
    expect(load.labels.size).toBeGreaterThan(3);
  });

  it('goes on with the last configuration where a new one cannot be taken', async () => {
    await Promise.all([startBackend(1), startBackend(2)]);
    const runner = newRunner();
    const good = await meshTo(1, 'good');
    await runner.apply(good);
    const { pid } = runner.states[0]!;
    const parameter = `  rules:\n    - matches: [{ queryParams: [{ name: "a'b", value: c }] }]\n      backendRefs: [{ name: s2, port: 80 }]\n`;
    await runner.apply(
      await meshOf(
        serviceManifest(1, [1]),
        serviceManifest(2, [2]),
        routeManifest('odd', ofService(1), parameter),
      ),
    );
    expect(runner.states).toEqual([
      { waypoint: 'shop/way', pid, problem: expect.stringMatching(/"a'b" cannot be put/) },
    ]);
    expect((await ask(1)).headers['x-label']).toBe('good');
    await runner.apply(await meshTo(2, 'better'));
    expect(runner.states).toEqual([{ waypoint: 'shop/way', pid, problem: null }]);
    expect((await ask(1)).headers['x-label']).toBe('better');
  });

  it('starts it again when it dies', async () => {
    await startBackend(1);
    const runner = newRunner();
    await runner.apply(await meshTo(1, 'x'));
    const pid = runner.states[0]!.pid!;
    process.kill(pid, 'SIGKILL');
    await until(() => runner.states[0]?.pid !== null && runner.states[0]?.pid !== pid);
    await until(async () => (await ask(1).catch(() => null))?.status === 200);
    expect(runner.states[0]?.problem).toBeNull();
  });

  it('finds it after a restart of the agent, with its connections', async () => {
    await startBackend(1, { delayMs: 500 });
    const directory = temporaryDirectory();
    const first = newRunner({ directory });
    const mesh = await meshTo(1, 'x');
    await first.apply(mesh);
    const { pid } = first.states[0]!;
    const asked = ask(1);
    await first.close({ remove: false });
    const second = newRunner({ directory });
    await second.apply(mesh);
    expect(second.states).toEqual([{ waypoint: 'shop/way', pid, problem: null }]);
    expect((await asked).status).toBe(200);
  });

  it('does again what an agent that was killed left half done, and ends what it is not to run any more', async () => {
    await startBackend(1);
    const directory = temporaryDirectory();
    const first = newRunner({ directory });
    await first.apply(await meshTo(1, 'old'));
    const { pid } = first.states[0]!;
    await first.close({ remove: false });
    const file = join(waypointDirectory(directory), 'haproxy.cfg');
    writeFileSync(file, readFileSync(file, 'utf8').replace("'old'", "'new'"));
    writeFileSync(join(waypointDirectory(directory), 'pending'), '');
    expect((await ask(1)).headers['x-label']).toBe('old');
    const second = newRunner({ directory });
    await second.apply(await meshTo(1, 'new'));
    expect(second.states).toEqual([{ waypoint: 'shop/way', pid, problem: null }]);
    expect((await ask(1)).headers['x-label']).toBe('new');
    await second.close({ remove: false });
    const third = newRunner({ directory, gateways: ['other/*'] });
    await third.apply(await meshTo(1, 'new'));
    expect(third.states).toEqual([]);
    await isGone(pid!);
  });

  it('ends it, and leaves nothing, once its Gateway is gone or another node is named', async () => {
    await startBackend(1);
    const directory = temporaryDirectory();
    const runner = newRunner({ directory });
    const mesh = await meshTo(1, 'x');
    await runner.apply(mesh);
    const pid = runner.states[0]!.pid!;
    const waypoint = { ...mesh.waypoints.get('shop/way')!, node: 'beta' };
    await runner.apply({ ...mesh, waypoints: new Map([['shop/way', waypoint]]) });
    expect(runner.states).toEqual([]);
    await isGone(pid);
    expect(() => waypointDirectory(directory)).toThrow();
  });

  it('gives each endpoint its share, drains what is not usable, says why nothing is started', async () => {
    await Promise.all([startBackend(1), startBackend(2)]);
    const runner = newRunner();
    await runner.apply(
      await meshOf(serviceManifest(1, [1]), serviceManifest(2, [2], 'undermesh.io/weight: "0"')),
    );
    expect((await ask(1)).status).toBe(200);
    expect((await ask(2)).status).toBe(503);
    const absent = newRunner({ program: '/nonexistent/haproxy' });
    await absent.apply(await meshTo(1, 'x'));
    expect(absent.states).toEqual([
      { waypoint: 'shop/way', pid: null, problem: expect.stringContaining('ENOENT') },
    ]);
  });

  it('follows endpoints without another worker, as long as there is room', async () => {
    await Promise.all([1, 2, 3, 4].map((number) => startBackend(number)));
    const runner = newRunner();
    const worker = (): string => {
      const { pid } = runner.states[0]!;
      return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    };
    const reached = async (): Promise<string[]> => {
      const answers = await Promise.all(Array.from({ length: 40 }, () => ask(1)));
      return [...new Set(answers.map(({ echo }) => String(echo?.server)))].sort();
    };
    const apply = async (backends: number[], annotation = ''): Promise<void> => {
      await runner.apply(await meshOf(serviceManifest(1, backends, annotation)));
      expect(runner.states).toMatchObject([{ problem: null }]);
    };
    await apply([1]);
    const first = worker();
    expect(await reached()).toEqual(['b1']);
    for (const backends of [[1, 2], [3, 2], [3], [4, 1]]) {
      await apply(backends);
      expect(await reached()).toEqual(backends.map((number) => `b${number}`).sort());
      expect(worker()).toBe(first);
    }
    await apply([4, 2], 'undermesh.io/weight: "0"');
    expect((await ask(1)).status).toBe(503);
    expect(worker()).toBe(first);
    await apply([1, 2, 3]);
    expect(await reached()).toEqual(['b1', 'b2', 'b3']);
    expect(worker()).not.toBe(first);
  });

  it('asks again what a server left unanswered on a kept connection, where that changes nothing', async () => {
    const got: string[] = [];
    await startBackend(1, { perConnection: 3, onRequest: (method) => got.push(method) });
    const again = `  rules:\n    - backendRefs: [{ name: s2, port: 80 }]\n      retry: { attempts: 3, codes: [503] }\n`;
    const runner = newRunner();
    await runner.apply(
      await meshOf(
        serviceManifest(1, [1]),
        serviceManifest(2, [1]),
        routeManifest('again', ofService(2), again),
      ),
    );
    const kept = new KeptConnection(1);
    for (let turn = 0; turn < 30; turn++) {
      const method = ['GET', 'HEAD', 'OPTIONS'][turn % 3]!;
      expect((await ask(1, '/', { method, agent: kept })).status).toBe(200);
    }
    // Some came again.
    expect(got.length).toBeGreaterThan(30);

    got.length = 0;
    let answered = 0;
    for (let turn = 0; turn < 12; turn++)
      await ask(1, '/', { method: 'POST', agent: kept }).then(
        () => answered++,
        () => undefined,
      );
    // Not twice: what was not answered is for the client to decide.
    expect(got).toHaveLength(12);
    expect(answered).toBeLessThan(12);

    const named = new KeptConnection(2);
    for (let turn = 0; turn < 12; turn++)
      expect((await ask(2, '/', { method: 'POST', agent: named })).status).toBe(200);
  });

  it('tries another endpoint, answers 504 in time, and again after the statuses that a route names', async () => {
    await Promise.all([startBackend(1, { statuses: [503, 500] }), startBackend(2, { delayMs: 2_000 })]);
    const retry = `  rules:\n    - backendRefs: [{ name: s1, port: 80 }]\n      retry: { attempts: 3, codes: [500, 503] }\n`;
    const timeout = `  rules:\n    - backendRefs: [{ name: s2, port: 80 }]\n      timeouts: { request: 10s, backendRequest: 200ms }\n`;
    const runner = newRunner();
    // Backend 3 is not started: nobody listens there.
    await runner.apply(
      await meshOf(
        serviceManifest(1, [1]),
        serviceManifest(2, [2]),
        serviceManifest(3, [1, 3]),
        routeManifest('retry', ofService(1), retry),
        routeManifest('timeout', ofService(2), timeout),
      ),
    );
    expect((await ask(1)).status).toBe(200);
    expect((await ask(2)).status).toBe(504);
    for (let turn = 0; turn < 10; turn++) expect((await ask(3)).echo?.server).toBe('b1');
  });

  it('runs it in a cgroup and a network namespace of its own', async () => {
    const name = `undermesh-test-waypoint-${process.pid}`;
    execFileSync('ip', ['netns', 'add', name]);
    const cgroup = join('/sys/fs/cgroup/unified', name);
    mkdirSync(cgroup);
    onTestFinished(() => {
      execFileSync('ip', ['netns', 'delete', name]);
      rmdirSync(cgroup);
    });
    execFileSync('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
    const runner = newRunner({ cgroup, networkNamespace: `/run/netns/${name}` });
    await runner.apply(await meshTo(1, 'x'));
    expect(runner.states).toMatchObject([{ problem: null }]);
    const pid = runner.states[0]!.pid!;
    expect(readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').split('\n')).toContain(String(pid));
    const listening = execFileSync('ip', ['netns', 'exec', name, 'ss', '-Hltn'], { encoding: 'utf8' });
    expect(listening).toContain(addressOf(1).replace(/\d+$/, '1:15008'));
    await runner.close({ remove: true });
  });

  it('takes no other process for its own', async () => {
    await startBackend(1);
    const directory = temporaryDirectory();
    const mesh = await meshTo(1, 'x');
    const first = newRunner({ directory });
    await first.apply(mesh);
    await first.close({ remove: false });
    const { pid } = first.states[0]!;
    process.kill(pid!, 'SIGTERM');
    await until(() => first.states[0]?.pid === null);
    // As when the number was given to somebody else.
    writeFileSync(join(waypointDirectory(directory), 'haproxy.pid'), String(process.pid));
    const second = newRunner({ directory });
    await second.apply(mesh);
    expect(second.states).toEqual([{ waypoint: 'shop/way', pid: expect.any(Number), problem: null }]);
    expect(second.states[0]?.pid).not.toBe(process.pid);
    expect((await ask(1)).status).toBe(200);
  });
});
