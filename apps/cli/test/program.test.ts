// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { type FakeAgent, FakeConnection } from '@undermesh/collector/test-support';
import { Connection, Connections, Edges, Status, Topology } from '@undermesh/schema';
import Value from 'typebox/value';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask as askIn, eventually, program, Run, type Stack, startStack, undermesh } from './stack.js';

/** By their numbers in the agent's dictionary; each has a network namespace of its own. */
const WORKLOADS = [
  'shop/web',
  'shop/orders',
  'data/database',
  'test/orders',
  'data/far',
  'data/slow',
] as const;
type Name = (typeof WORKLOADS)[number];

let stack: Stack;
let agent: FakeAgent;
let port = 30_000;

function connection(from: Name, to: Name): FakeConnection {
  const peer = (name: Name, of: number) => {
    const workload = WORKLOADS.indexOf(name) + 1;
    return { address: `10.80.0.${workload}`, port: of, workload, netns: BigInt(workload) };
  };
  return new FakeConnection({ client: peer(from, ++port), server: peer(to, 8080) });
}

const both = (one: FakeConnection): Uint8Array[] => [one.closed('source'), one.closed('destination')];

beforeAll(async () => {
  stack = await startStack();
  agent = await stack.agent('left');
  const workloads = WORKLOADS.map((full, index) => {
    const [namespace = '', name = ''] = full.split('/');
    return { id: index + 1, name, namespace, kind: 'configured' as const, system: false };
  });
  agent.dictionary({ full: true, workloads });
  const records = [
    ...Array.from({ length: 8 }, () => both(connection('shop/web', 'shop/orders'))).flat(),
    ...Array.from({ length: 4 }, () => both(connection('shop/orders', 'data/database'))).flat(),
    ...both(connection('test/orders', 'data/database')),
    connection('shop/web', 'shop/orders').failed(),
  ];
  await agent.deliver(records);
  stack.report(agent, records.length);
  await eventually(async () => {
    const { stdout } = await ask('connections');
    expect(stdout.split('\n').length).toBeGreaterThan(14);
  });
});
afterAll(() => stack.stop());

const ask = (...args: string[]) => askIn(args, { UNDERMESH_COLLECTOR: stack.url });

describe('undermesh', () => {
  it('status: nodes, and the ledger of records', async () => {
    const { stdout, stderr, status } = await undermesh(['status'], { UNDERMESH_COLLECTOR: stack.url });
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(stdout).toMatch(/^Undermesh \d.*cluster default/);
    expect(stdout).toMatch(/^Nodes +1 of 1 reporting$/m);
    expect(stdout).toMatch(/^made +27( |$)/m);
    expect(stdout).toMatch(/^= stored +27( |$)/m);
    expect(stdout).toMatch(/^left +reporting +6\.12\.0-fake/m);
  });

  it('edges: who talks to whom', async () => {
    const { stdout, status } = await ask('edges', '--order', 'busiest');
    expect(status).toBe(0);
    const rows = stdout.split('\n').map((line) => line.split(/ {2,}/).slice(0, 3));
    expect(rows[0]).toEqual(['Source', 'Destination', 'Port']);
    expect(rows.slice(1, 4)).toEqual([
      ['shop/web', 'shop/orders', '8080'],
      ['shop/orders', 'data/database', '8080'],
      expect.arrayContaining(['8080']),
    ]);
  });

  it('connections: filtered, newest first', async () => {
    const { stdout } = await ask('connections', '--workload', 'test/orders');
    expect(stdout).toMatch(/closed +test\/orders +data\/database +8080 .*both ends\n\n1 connection\.\n$/);
    const failed = await ask('connections', '--state', 'failed', '--reason', 'refused,timed_out');
    expect(failed.stdout).toContain('✖ refused');
    expect((await ask('connections', '--port', '1')).stdout).toBe('No connection matches.\n');
    expect((await ask('connections', '--limit', '2')).stdout).toContain('The newest 2 of 14 connections');
  });

  it('top: once when not on a terminal', async () => {
    const { stdout, status } = await ask('top');
    expect(status).toBe(0);
    expect(stdout).toMatch(/\nEdges\nSource .*\nshop\/web +shop\/orders/);
    expect(stdout).toMatch(/\nWorkloads\nName .*\nshop\/orders +left/);
  });

  it('explain: edges, failures and path between two workloads', async () => {
    const direct = await ask('explain', 'web', 'shop/orders');
    expect(direct.stdout).toContain(
      'shop/web opened 8 connections to shop/orders on port 8080 in the last 30 min',
    );
    expect(direct.stdout).toContain('Both ends report.');
    const hops = await ask('explain', 'web', 'database');
    expect(hops.stdout).toContain(
      'They are linked over shop/orders: shop/web calls it, and it calls data/database.',
    );
    const failed = await ask('explain', 'web', 'outside/10.80.0.2');
    expect(failed.stdout).toMatch(
      /1 of 1 connect failed \(100 %\): 1 refused \(since [\d:]+, the last at [\d:]+\)\./,
    );
    expect(failed.stdout).toContain('client (pid 4242) on left to 10.80.0.2:8080');
  });

  it('explain: which part of a request is network and which application', async () => {
    const [slowNetwork, slowService] = [
      connection('shop/web', 'data/far'),
      connection('shop/web', 'data/slow'),
    ];
    const timed = (one: FakeConnection, of: { source: number; destination: number; srttUs: number }) => [
      one.http('source', [{ firstByteUs: of.source }], { front: { srttUs: of.srttUs } }),
      one.http('destination', [{ firstByteUs: of.destination }], { front: { srttUs: of.srttUs } }),
    ];
    await agent.deliver([
      ...timed(slowNetwork, { source: 52_000, destination: 1_000, srttUs: 50_000 }),
      ...timed(slowService, { source: 51_000, destination: 50_000, srttUs: 500 }),
    ]);
    await agent.deliver([...both(slowNetwork), ...both(slowService)]);
    const told = (name: string) =>
      eventually(async () => {
        const { stdout } = await ask('explain', 'web', name);
        expect(stdout).toContain('They carried 1 HTTP request');
        return stdout;
      });
    const far = await told('far');
    expect(far).toContain('Most of it is the network.');
    expect(far).toMatch(/\nnetwork +50\.0 ms +96 % +█+\n/);
    const slow = await told('slow');
    expect(slow).toContain('Most of it is the application data/slow.');
    expect(slow).toMatch(/\napplication +50\.0 ms +98 % +█+\n/);
  });

  it.each([
    [['orders', 'database'], 'There are 2 workloads', 'workload_ambiguous'],
    [['shop/wbe', 'database'], 'Did you mean shop/web?', 'workload_unknown'],
  ])('explain %j does not guess', async (names, message, code) => {
    const { stdout, stderr, status } = await ask('explain', ...names);
    expect({ stdout, status }).toEqual({ stdout: '', status: 1 });
    expect(stderr).toContain(message);
    expect(stderr).toContain(`(${code})`);
  });

  it.each([
    [['status'], Status],
    [['edges'], Edges],
    [['connections'], Connections],
    [['top'], Topology],
  ] as const)('%j -o json prints what the API answered', async (args, schema) => {
    const { stdout } = await ask(...args, '-o', 'json');
    expect([...Value.Errors(schema, JSON.parse(stdout))]).toEqual([]);
  });

  it('explain -o json prints the facts', async () => {
    const { stdout } = await ask('explain', 'web', 'shop/orders', '--output', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      source: { name: 'web' },
      destination: { namespace: 'shop', name: 'orders' },
      forward: { traffic: { opened: 8 }, seenBy: 'both' },
      backward: null,
      through: [],
      failures: [],
      steering: [{ engine: 'off', connections: 8, askedFor: [] }],
      silent: [],
    });
  });

  it('completes names that the collector knows', async () => {
    const offered = await ask('__complete', '--', 'explain', 'web', 'shop/');
    expect(offered.stdout).toBe('shop/orders\nshop/web\n');
    const listed = await ask('__complete', '--', 'connections', '--node', 'le');
    expect(listed.stdout).toBe('left\n');
  });

  it('has no colour and no width where nobody looks, whatever the environment says', async () => {
    const { stdout } = await undermesh(['edges'], {
      UNDERMESH_COLLECTOR: stack.url,
      FORCE_COLOR: '1',
      COLUMNS: '20',
    });
    expect(stdout).not.toContain('\x1b');
    expect(stdout).toContain('Round trip p50');
  });

  it('ends quietly when nobody reads on', async () => {
    const pipe = spawn('bash', ['-c', 'set -o pipefail; "$0" "$1" edges | true', process.execPath, program], {
      env: { PATH: process.env.PATH ?? '', UNDERMESH_COLLECTOR: stack.url },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    pipe.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    expect([...(await once(pipe, 'close')), said]).toEqual([0, null, '']);
  });
});

describe('bad usage ends with status 2 and says what to do', () => {
  it.each([
    [['nonsense'], "unknown command 'nonsense'"],
    [['edges', '--nonsense'], "unknown option '--nonsense'"],
    [['edgse'], '(Did you mean edges?)'],
    [['explain', 'web'], "missing required argument 'destination'"],
    [['edges', '--window', 'long'], 'Write a span from 10s to 31d'],
    [['edges', '--window', '32d'], 'Write a span from 10s to 31d'],
    [['edges', '--limit', '0'], 'Write a number from 1 to 1000'],
    [['edges', '--order', 'best'], 'Allowed choices are worst, busiest'],
    [['connections', '--port', '70000'], 'Write ports from 0 to 65535'],
    [['connections', '--reason', 'bored'], "'bored' is none of refused"],
    [['connections', '--follow', '--window', '60s'], 'take one of them'],
    [['status', '--output', 'xml'], 'Allowed choices are table, json'],
    [['status', '--collector', 'nowhere'], 'write http://HOST:PORT'],
    [['status', '--token-file', '/nowhere'], 'Point --token-file at a file'],
    [['completion', 'cmd'], 'Allowed choices are bash, zsh, fish'],
    [[], 'Usage: undermesh'],
  ])('%j', async (args, message) => {
    const { stdout, stderr, status } = await ask(...args);
    expect({ stdout, status }).toEqual({ stdout: '', status: 2 });
    expect(stderr).toContain(message);
  });

  it('help and version are no mistakes', async () => {
    expect(await ask('--help')).toMatchObject({ status: 0, stderr: '' });
    expect(await ask('edges', '--help')).toMatchObject({ status: 0, stderr: '' });
    expect(await ask('--version')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});

/** A port that nothing listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address() as AddressInfo;
  server.close();
  return free;
}

describe('a collector that does not answer ends with status 1', () => {
  it('nothing listens', async () => {
    const collector = `http://127.0.0.1:${await freePort()}`;
    const { stderr, status } = await undermesh(['status', '--collector', collector]);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^undermesh: Nothing listens at http:\/\/127\.0\.0\.1:\d+\. Start the collector .*\(unreachable\)\n$/,
    );
    expect(await ask('connections', '-f', '--collector', collector)).toMatchObject({ status: 1, stderr });
  });

  it('the token is wrong, and is not printed', async () => {
    for (const args of [['status'], ['connections', '--follow']]) {
      const outcome = await askIn(args, { UNDERMESH_COLLECTOR: stack.url, UNDERMESH_TOKEN: 'umt_wrong' });
      expect(outcome.status).toBe(1);
      expect(outcome.stderr).toContain('(token_wrong)');
      expect(outcome.stderr + outcome.stdout).not.toContain('umt_wrong');
    }
  });

  it('the right token opens', async () => {
    const file = join(stack.state, 'token');
    writeFileSync(file, `${stack.token}\n`);
    expect(await ask('status', '--token-file', file)).toMatchObject({ status: 0 });
  });
});

describe('connections --follow', () => {
  /** Starts following and waits until the subscription holds: a connection made after that must come. */
  async function following(...args: string[]): Promise<Run> {
    const run = new Run(['connections', '--follow', ...args], { UNDERMESH_COLLECTOR: stack.url });
    await eventually(async () => {
      await agent.deliver(both(connection('shop/web', 'shop/orders')));
      expect(run.stdout).toContain('orders');
    });
    return run;
  }

  it('prints connections as they come, and stops at its limit', async () => {
    const run = new Run(['connections', '-f', '--limit', '2', '--workload', 'test/orders'], {
      UNDERMESH_COLLECTOR: stack.url,
    });
    const feeding = setInterval(() => {
      void agent.deliver([
        ...both(connection('test/orders', 'data/database')),
        ...both(connection('shop/web', 'shop/orders')),
      ]);
    }, 100);
    const { stdout, status } = await run.ended();
    clearInterval(feeding);
    expect(status).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^Opened +State +Source/);
    for (const line of lines.slice(1)) expect(line).toMatch(/closed +test\/orders +data\/database/);
  });

  it('prints one object a line, whole and unchanged', async () => {
    const run = await following('-o', 'json');
    run.child.kill();
    const { stdout } = await run.ended();
    const items = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    for (const item of items) expect(Value.Check(Connection, item)).toBe(true);
  });

  it('says how many were left out', async () => {
    const run = await following('-o', 'json');
    const flood = Array.from({ length: 400 }, () => both(connection('shop/web', 'shop/orders'))).flat();
    await agent.deliver(flood);
    await eventually(() => expect(run.stderr).toMatch(/^… [\d,]+ more not shown: too many at once\./m));
    run.child.kill();
    await run.ended();
  });

  it('goes on when the collector comes back, and says what is missing', async () => {
    const run = await following();
    await stack.kill();
    await eventually(() => expect(run.stderr).toMatch(/; trying again in 1 s$/m));
    await stack.restart();
    await eventually(() =>
      expect(run.stderr).toContain('the collector is back; what happened in between is not shown'),
    );
    await agent.connect();
    const before = run.stdout.length;
    await eventually(async () => {
      await agent.deliver(both(connection('shop/web', 'shop/orders')));
      expect(run.stdout.length).toBeGreaterThan(before);
    });
    run.child.kill();
    await run.ended();
  });
});

describe('top on a terminal', () => {
  /** `script` (util-linux) makes the terminal. */
  const onTerminal = (): Run =>
    new Run(['top'], { UNDERMESH_COLLECTOR: stack.url, TERM: 'xterm', NO_COLOR: '1' }, { terminal: true });

  it.each([
    ['q', (run: Run) => run.type('q')],
    ['Ctrl-C', (run: Run) => run.type('\x03')],
  ])('takes the whole screen, and gives it back after %s', async (_how, end) => {
    const run = onTerminal();
    await eventually(() => expect(run.stdout).toContain('q quit'));
    run.type('s');
    await eventually(() => expect(run.stdout).toContain('by failures'));
    end(run);
    const { stdout, status } = await run.ended();
    expect(status).toBe(0);
    expect(stdout.startsWith('\x1b[?1049h\x1b[?25l')).toBe(true);
    expect(stdout.endsWith('\x1b[?25h\x1b[?1049l')).toBe(true);
    expect(stdout).toMatch(/shop\/web +shop\/orders/);
  });

  it('shows that the collector is gone, and goes on when it is back', async () => {
    const run = onTerminal();
    await eventually(() => expect(run.stdout).toContain('q quit'));
    await stack.kill();
    await eventually(() => expect(run.stdout).toMatch(/▲ As of [\d:]+\. Nothing listens at [^ ]+ {3}q quit/));
    await stack.restart();
    const before = run.stdout.length;
    await eventually(() => expect(run.stdout.slice(before)).toContain('s order'));
    run.type('q');
    expect((await run.ended()).status).toBe(0);
  });
});
