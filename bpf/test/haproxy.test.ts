// SPDX-License-Identifier: Apache-2.0
// What a stock HAProxy makes of each transport, and what unmodified clients notice of it: nothing.
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EndpointFlag, WaypointTransport } from '@undermesh/bpf-abi';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Haproxy, hasHaproxy, runIn } from './haproxy.js';
import { shareMeshBed } from './mesh-bed.js';
import { serveByNode } from './node-server.js';
import { isRoot, type TestCgroup } from './observed.js';
import { Prefaces } from './preface.js';
import { DualEngine, eventually, number } from './steered.js';
import { WaypointSide } from './waypoint.js';

const LARGE = 5_000_000;
const letters = (count: number): string =>
  'abcdefghijklmnopqrstuvwxyz'.repeat(Math.ceil(count / 26)).slice(0, count);

/** Tells what it was asked; of `/letters/N` it sends N letters. */
const SERVER = `
  const { createHash } = require('node:crypto');
  require('node:http').createServer((request, response) => {
    const hash = createHash('sha256'), letters = /^.letters.(.*)/.exec(request.url);
    let bytes = 0;
    request.on('data', (data) => { hash.update(data); bytes += data.length; }).on('end', () => {
      const { 'x-meant': meant } = request.headers;
      response.setHeader('x-meant', meant);
      if (letters) response.end('abcdefghijklmnopqrstuvwxyz'.repeat(letters[1] / 26 + 1).slice(0, letters[1]));
      else response.end(JSON.stringify({ meant, method: request.method, bytes, sha256: hash.digest('hex') }));
    });
  }).listen(8080, '127.0.0.1', () => console.log('ready'));`;

const inUrl = (address: string): string => (address.includes(':') ? `[${address}]` : address);

const OPTION_PORT = 15008;
const BOTH_PORT = 15018;
const PROXY_PORT = 15019;

const bothAt = (port: number, how: string): string[] =>
  ['127.0.0.1', '::1'].map((address) => `  bind ${address}:${port} ${how}`);

const ROUTING = [
  '  http-request deny deny_status 421 unless { dst 10.96.0.1 ::ffff:10.96.0.1 fd00:96::1 }',
  '  http-request set-header x-meant "[%[dst]]:%[dst_port]"',
  '  default_backend shop',
  'backend shop',
  '  timeout connect 5s',
  '  timeout server 5s',
  '  server one 127.0.0.1:8080',
];

describe.skipIf(!(isRoot && hasHaproxy))(
  'a stock HAProxy as the waypoint (needs root, cgroup v2 and an HAProxy that runs here)',
  () => {
    let engine: DualEngine;
    let server: Awaited<ReturnType<typeof serveByNode>> | undefined;
    let haproxy: Haproxy | undefined;
    let side: WaypointSide;

    const bed = shareMeshBed(async ({ mesh, cgroup }) => {
      engine = bed.attach(new DualEngine(cgroup));
      bed.attach(new Prefaces(cgroup, engine));
      await mesh.tell('accepted'); // its namespace is made
      server = await serveByNode(mesh, cgroup, SERVER);
      haproxy = new Haproxy(mesh, [
        ...bothAt(OPTION_PORT, 'tfo'),
        ...bothAt(PROXY_PORT, 'accept-proxy'),
        `  bind :::${BOTH_PORT} v4v6`,
        ...ROUTING,
      ]);
      await listening(OPTION_PORT);
      side = attach(haproxy.cgroup);
    });
    afterAll(async () => {
      await haproxy?.end();
      await server?.end();
    });
    afterEach(async () => {
      await bed.mesh.tell('sysctl net/ipv4/tcp_syncookies 1');
      await bed.mesh.tell('sysctl net/ipv4/tcp_fastopen 1');
    });

    /** Resolves when an HAProxy takes connections there, which it refuses as long as nothing is known of them. */
    const listening = (port: number) =>
      eventually(() => expect(curl('-w', '%{http_code}', `http://127.0.0.1:${port}/`)).toContain('421'));
    const attach = (cgroup: TestCgroup) => {
      const attached = bed.attach(new WaypointSide(cgroup, engine));
      attached.trust('127.0.0.0/8', '::1/128');
      return attached;
    };
    const serve = (address: string, transport: number, port: number) => {
      const at = address.includes(':') ? '::1' : '127.0.0.1';
      engine.addEndpoint({ id: 5, address: at, port, flags: EndpointFlag.WAYPOINT });
      engine.serve({ address, port: 80, groups: [], waypointId: 5, transport });
    };
    /** What curl prints. */
    const curl = (...words: string[]): string =>
      runIn(bed.mesh, bed.cgroup, ['curl', '-sSg', '-m', '10', ...words]);
    /** Connections of this namespace so far whose SYN carried data that were taken. */
    const fastOpened = (): number => {
      const [names, values] = readFileSync(`/proc/${bed.mesh.pid}/net/netstat`, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('TcpExt:'))
        .map((line) => line.split(' '));
      return Number(values?.[names?.indexOf('TCPFastOpenActive') ?? -1]);
    };

    describe.each([
      ['the TCP option', WaypointTransport.SYN_OPTION, OPTION_PORT],
      ['the PROXY protocol', WaypointTransport.PROXY_V2, PROXY_PORT],
    ])('by %s', (_, transport, port) => {
      describe.each([
        ['IPv4', '10.96.0.1', ['4', 'm']],
        ['IPv6', 'fd00:96::1', ['6']],
      ] as const)('%s', (_, address, families) => {
        const url = `http://${inUrl(address)}/`;
        const meant = `[${address}]:80`;
        /** What the server says of a request with so many letters. */
        const answer = (bytes: number) => {
          const sha256 = createHash('sha256').update(letters(bytes)).digest('hex');
          return { meant, method: 'POST', bytes, sha256 };
        };

        it('has curl send and get large bodies, keep its connection, and close it', async () => {
          serve(address, transport, port);
          const file = join(tmpdir(), `undermesh-body-${process.pid}`);
          writeFileSync(file, letters(LARGE));
          try {
            expect(JSON.parse(curl('--data-binary', `@${file}`, url))).toEqual(answer(LARGE));
          } finally {
            rmSync(file);
          }
          expect(curl(`${url}letters/${LARGE}`) === letters(LARGE)).toBe(true);

          const form = '%{num_connects} %{http_code} %header{x-meant} %header{connection}\n';
          const twice = ['-w', form, '-o', '/dev/null', '-o', '/dev/null', url, url];
          expect(curl(...twice)).toBe(`1 200 ${meant} \n0 200 ${meant} \n`);
          expect(curl('-H', 'Connection: close', ...twice)).toBe(`1 200 ${meant} close\n`.repeat(2));
        });

        it.each(families)('has programs write as they like: on sockets of family %s', async (family) => {
          serve(address, transport, port);
          for (const [how, bytes] of [
            ['write', 0],
            ['write', LARGE],
            ['bits', 100],
            ['writev', 1000],
            ['writev', LARGE],
            ['sendfile', LARGE],
            ['nonblocking', LARGE],
          ] as const) {
            const told = await bed.mesh.tell(`request ${how} ${family} ${address} 80 ${bytes}`);
            expect([how, told]).toEqual([how, { status: 200, answer: answer(bytes) }]);
          }
          expect(engine.errors()).toEqual([]);
        });

        it('is told of connections whose SYN was answered by a cookie', async () => {
          await bed.mesh.tell('sysctl net/ipv4/tcp_syncookies 2');
          serve(address, transport, port);
          for (let i = 0; i < 5; i++) expect(JSON.parse(curl(url))).toMatchObject({ meant });
        });
      });
    });

    it.each([
      ['IPv4', '10.96.0.1'],
      ['IPv6', 'fd00:96::1'],
    ])(
      'is told by the option where clients send data in their SYN; no request comes before a preface: %s',
      async (_, address) => {
        await bed.mesh.tell('sysctl net/ipv4/tcp_fastopen 3');
        serve(address, WaypointTransport.SYN_OPTION, OPTION_PORT);
        const ask = () => JSON.parse(curl('--tcp-fastopen', `http://${inUrl(address)}/`));
        ask(); // gets the cookie
        const before = fastOpened();
        for (let i = 0; i < 3; i++) expect(ask()).toMatchObject({ meant: `[${address}]:80` });
        expect(fastOpened()).toBe(before + 3);
        // What was in a SYN went without a preface: refused, whether the listener takes such data or not.
        serve(address, WaypointTransport.PROXY_V2, PROXY_PORT);
        expect(ask).toThrow(/Command failed/);
      },
    );

    it('is told also when its listener is younger than what is attached', async () => {
      const port = 15038;
      const young = new Haproxy(bed.mesh, [...bothAt(port, ''), ...ROUTING], attach);
      try {
        await listening(port);
        for (const address of ['10.96.0.1', 'fd00:96::1']) {
          serve(address, WaypointTransport.SYN_OPTION, port);
          for (const cookies of [1, 2]) {
            await bed.mesh.tell(`sysctl net/ipv4/tcp_syncookies ${cookies}`);
            expect(JSON.parse(curl(`http://${inUrl(address)}/`))).toMatchObject({ meant: `[${address}]:80` });
          }
        }
      } finally {
        await young.end();
      }
    });

    it('knows the service where one listener takes both families', async () => {
      serve('10.96.0.1', WaypointTransport.SYN_OPTION, BOTH_PORT);
      expect(JSON.parse(curl('http://10.96.0.1/'))).toMatchObject({ meant: '[::ffff:10.96.0.1]:80' });
      serve('fd00:96::1', WaypointTransport.SYN_OPTION, BOTH_PORT);
      expect(JSON.parse(curl('http://[fd00:96::1]/'))).toMatchObject({ meant: '[fd00:96::1]:80' });
    });

    it.each([
      ['10.96.0.1', '127.0.0.0/8'],
      ['fd00:96::1', '::1/128'],
    ])(
      'finds nothing to route to when the option is lost, unknown or not to be trusted: %s',
      async (address, node) => {
        const before = engine.totals();
        const status = () => curl('-o', '/dev/null', '-w', '%{http_code}', `http://${inUrl(address)}/`);
        serve(address, WaypointTransport.NONE, OPTION_PORT);
        expect(status()).toBe('421');
        serve(address, WaypointTransport.SYN_OPTION, OPTION_PORT);
        expect(status()).toBe('200');
        engine.map('vips').delete(number(1007));
        expect(status()).toBe('421');
        serve(address, WaypointTransport.SYN_OPTION, OPTION_PORT);
        side.distrust(node);
        expect(status()).toBe('421');
        side.trust(node);
        expect(status()).toBe('200');
        const { optionUnknown, optionUntrusted } = engine.totals();
        expect([optionUnknown - before.optionUnknown, optionUntrusted - before.optionUntrusted]).toEqual([
          1n,
          1n,
        ]);
      },
    );
  },
);
