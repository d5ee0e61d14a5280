// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { HttpLimit, RecordEvent, RecordFlag, RecordKind, Reporter } from '@undermesh/bpf-abi';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { client, play, type Seen, seen, seenBy, server } from './http-played.js';
import { compileFixture, isRoot, Observed, Scenario, sleep, TestCgroup } from './observed.js';

const GET = 'GET /shelf?book=1 HTTP/1.1\r\nHost: shop\r\nAccept: */*\r\n\r\n';
const HELLO =
  'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello';

describe.skipIf(!isRoot)('http.bpf.o (needs root and cgroup v2)', { timeout: 30_000 }, () => {
  let program: ReturnType<typeof compileFixture>;
  let cgroup: TestCgroup;
  let observed: Observed;

  beforeAll(() => {
    program = compileFixture('http-script');
  });
  afterAll(() => program.remove());
  beforeEach(() => {
    cgroup = new TestCgroup();
    observed = new Observed(cgroup, { http: true });
  });
  afterEach(async () => {
    observed.close();
    await sleep(20);
    cgroup.remove();
  });

  const run = (steps: readonly string[]) => play(program.path, cgroup, steps);
  /** Plays steps on one connection and tells what both ends saw of it. */
  const exchange = async (steps: readonly string[], close = 'close-client'): Promise<Seen> => {
    await run(['open v4', ...steps, close]);
    return seen(observed);
  };
  const sizes = (...texts: string[]) => texts.join('').length;

  it.each(['v4', 'v6', 'mapped'])('times requests of a kept connection, at both ends: %s', async (family) => {
    const pause = 'pause 20';
    const steps = [client(GET), pause, server(HELLO), client(GET), server(HELLO)];
    await run([`open ${family}`, ...steps, 'close-client']);
    const { records, requests, order } = observed.read();
    expect(order).toBe('hchc');
    expect(records.every(({ flags }) => (flags & RecordFlag.HTTP1) !== 0)).toBe(true);
    for (const { connection, samples, requestBytes, responseBytes, lostRequests } of requests) {
      const end = records.find(({ socketCookie }) => socketCookie === connection.socketCookie);
      expect(connection).toMatchObject({
        kind: RecordKind.HTTP,
        event: RecordEvent.PROGRESS,
        reporter: end?.reporter,
        clientIsn: end?.clientIsn,
        serverIsn: end?.serverIsn,
        process: 'http-script',
      });
      expect(Number(requestBytes)).toBe(sizes(GET, GET));
      expect(Number(responseBytes)).toBe(sizes(HELLO, HELLO));
      expect(lostRequests).toBe(0);
      expect(samples.map(({ status }) => status)).toEqual([200, 200]);
      expect(samples[0]?.firstByteUs).toBeGreaterThanOrEqual(20_000);
      expect(samples[0]?.firstByteUs).toBeLessThan(HttpLimit.UNKNOWN_US);
      expect(samples[0]?.lastByteUs).toBe(samples[0]?.firstByteUs);
    }
    expect(new Set(requests.map(({ connection }) => connection.reporter))).toEqual(
      new Set([Reporter.SOURCE, Reporter.DESTINATION]),
    );
    expect(observed.totals()).toMatchObject({
      httpRequests: 4n,
      httpRequestsLost: 0n,
      httpRecordsEmitted: 2n,
      httpFramingLost: 0n,
    });
  });

  it('tells the first byte of a response from its last', async () => {
    const body = 'x'.repeat(100);
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`;
    await run(['open v4', client(GET), server(head), 'pause 30', server(body), 'close-client']);
    for (const { samples } of observed.read().requests) {
      const [sample] = samples;
      expect((sample?.lastByteUs ?? 0) - (sample?.firstByteUs ?? 0)).toBeGreaterThanOrEqual(30_000);
    }
  });

  it('makes a record when as many samples wait as fit, and of fewer after a second', async () => {
    const steps = Array.from({ length: HttpLimit.LONG_SAMPLES + 3 }, () => [
      client(GET),
      server(HELLO),
    ]).flat();
    const scenario = new Scenario(program.path, cgroup, []);
    const start = performance.now();
    /** How many samples the next records have, one of each end. */
    const sizesOfRecords = async (beforeReading: () => void): Promise<number[]> => {
      const counts: number[] = [];
      while (counts.length < 2) {
        await sleep(50);
        beforeReading();
        counts.push(...observed.read().requests.map(({ sampleCount }) => sampleCount));
      }
      return counts;
    };
    scenario.write(['open v4', ...steps, ''].join('\n'));
    expect(await sizesOfRecords(() => {})).toEqual(Array(2).fill(HttpLimit.LONG_SAMPLES));
    expect(await sizesOfRecords(() => observed.look())).toEqual([3, 3]);
    expect(performance.now() - start).toBeGreaterThan(1000);
    scenario.feed('close-client\n');
    await scenario.finished();
    expect(observed.read().order).toBe('cc');
  });

  it('frames what comes on a connection: bodies, chunks, interim answers, answers without a body', async () => {
    const post = (body: string) =>
      `POST /a HTTP/1.1\r\nHost: shop\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const chunked =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n';
    const steps: [string, string, string][] = [
      [post('abc'), HELLO, 'POST 200'],
      [GET.replace('GET', 'PUT'), chunked, 'PUT 200'],
      [GET.replace('GET', 'HEAD'), 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 'HEAD 200'],
      [GET.replace('GET', 'DELETE'), 'HTTP/1.1 204 No Content\r\n\r\n', 'DELETE 204'],
      [GET, 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', 'GET 304'],
      [post('x'), 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n', 'POST 503'],
      [GET.replace('GET', 'PROPFIND'), 'HTTP/1.1 404\r\nContent-Length:0\r\n\r\n', 'OTHER 404'],
    ];
    const { samples, requestBytes, responseBytes } = await exchange(
      steps.flatMap(([request, response]) => [client(request), server(response)]),
    );
    expect(samples).toEqual(steps.map(([, , sample]) => sample));
    expect(requestBytes).toBe(sizes(...steps.map(([request]) => request)));
    expect(responseBytes).toBe(sizes(...steps.map(([, response]) => response)));
    expect(observed.totals().httpFramingLost).toBe(0n);
  });

  it('frames heads that come in two segments, split at every byte', async () => {
    const steps: string[] = [];
    for (const [send, text] of [
      [client, GET],
      [server, HELLO],
    ] as const) {
      for (let at = 1; at < text.length; at++) {
        if (send === server) steps.push(client(GET));
        steps.push(send(text.slice(0, at)), send(text.slice(at)));
        if (send === client) steps.push(server(HELLO));
      }
    }
    const count = GET.length - 1 + HELLO.length - 1;
    const { samples, requestBytes, responseBytes } = await exchange(steps);
    expect(samples).toEqual(Array(count).fill('GET 200'));
    expect([requestBytes, responseBytes]).toEqual([count * GET.length, count * HELLO.length]);
  });

  it('skips large bodies, in both directions and both codings', async () => {
    const bytes = 10_000_000;
    const put = `PUT /a HTTP/1.1\r\nContent-Length: ${bytes}\r\n\r\n`;
    const sized = `HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`;
    const chunked = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${bytes.toString(16)}\r\n`;
    const end = '\r\n0\r\n\r\n';
    const { samples, requestBytes, responseBytes } = await exchange([
      ...[client(put), `client-fill ${bytes}`, server(HELLO)],
      ...[client(GET), server(sized), `server-fill ${bytes}`],
      ...[client(GET), server(chunked), `server-fill ${bytes}`, server(end)],
      ...[client(GET), server(HELLO)],
    ]);
    expect(samples).toEqual(['PUT 200', 'GET 200', 'GET 200', 'GET 200']);
    expect(requestBytes).toBe(sizes(put, GET, GET, GET) + bytes);
    expect(responseBytes).toBe(sizes(HELLO, sized, chunked, end, HELLO) + 2 * bytes);
    expect(observed.totals().httpFramingLost).toBe(0n);
  });

  it('is exact when segments are lost on the way and come late, in the midst of chunked bodies', () => {
    const chunk = `1b58\r\n${'x'.repeat(7000)}\r\n`;
    const chunked = `Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(20)}0\r\n\r\n`;
    const answer = `HTTP/1.1 200 OK\r\n${chunked}`;
    const post = `POST / HTTP/1.1\r\n${chunked}`;
    const steps = [client(GET), server(answer), client(post), server(HELLO), client(GET), server(HELLO)];
    const lossy = [
      'ip link set lo up mtu 1500',
      'nft add table inet lossy',
      'nft add chain inet lossy way "{ type filter hook prerouting priority 0; }"',
      'nft add rule inet lossy way meta length ">" 1000 numgen inc mod 23 == 7 drop',
      `echo $$ > "${cgroup.path}/cgroup.procs"`,
      `exec "${program.path}"`,
    ].join(' && ');
    const input = ['open v4', ...steps, 'close-client', ''].join('\n');
    execFileSync('unshare', ['-n', 'sh', '-c', lossy], { input });
    const { requests } = observed.read();
    for (const reporter of [Reporter.SOURCE, Reporter.DESTINATION]) {
      const { samples, requestBytes, responseBytes } = seenBy(reporter, requests);
      expect(samples.map((sample) => sample.replace(' RESYNCED', ''))).toEqual([
        'GET 200',
        'POST 200',
        'GET 200',
      ]);
      expect([requestBytes, responseBytes]).toEqual([sizes(GET, post, GET), sizes(answer, HELLO, HELLO)]);
    }
    expect(observed.totals().httpFramingLost).toBe(0n);
  });

  it('takes a response without a length to the end of the connection', async () => {
    const response = 'HTTP/1.0 200 OK\r\n\r\nas long as it takes';
    const { samples, responseBytes } = await exchange([client(GET), server(response)], 'close-server');
    expect(samples).toEqual(['GET 200']);
    expect(responseBytes).toBe(response.length);
  });

  it('marks pipelined requests', async () => {
    const { samples } = await exchange([
      client(`${GET}${GET}${GET}`),
      server(`${HELLO}${HELLO}`),
      server(HELLO),
    ]);
    expect(samples).toEqual(['GET 200', 'GET 200 PIPELINED', 'GET 200 PIPELINED']);
  });

  it('tells a request that was not answered, and one whose answer was cut', async () => {
    await run(['open v4', client(GET), 'reset-server']);
    expect(seen(observed).samples).toEqual(['GET 0 UNANSWERED']);
    await run(['open v4', client(GET), server(HELLO.slice(0, -2)), 'reset-server']);
    const { requests } = observed.read();
    expect(
      requests.flatMap(({ samples }) => samples).map(({ status, lastByteUs }) => [status, lastByteUs]),
    ).toEqual(Array(2).fill([200, HttpLimit.UNKNOWN_US]));
  });

  it('follows no further once something else is spoken', async () => {
    const upgrade = GET.replace('\r\n\r\n', '\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
    const switched = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n';
    const other = [server('\x81\x05hello'), client(GET), server(HELLO)];
    expect((await exchange([client(upgrade), server(switched), ...other])).samples).toEqual(['GET 101']);
    const connect = 'CONNECT shop:443 HTTP/1.1\r\nHost: shop\r\n\r\n';
    const refused = 'HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n';
    const accepted = 'HTTP/1.1 200 OK\r\n\r\n';
    const steps = [client(connect), server(refused), client(connect), server(accepted), ...other];
    expect((await exchange(steps)).samples).toEqual(['CONNECT 407', 'CONNECT 200']);
    expect(observed.totals().httpFramingLost).toBe(0n);
  });

  it.each([
    ['TLS', [client('\x16\x03\x01\x02\x00\x01'), server('\x16\x03\x03')], RecordFlag.TLS],
    ['HTTP/2', [client('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), server('\0\0\0\x04\0')], RecordFlag.HTTP2],
    ['SSH', [server('SSH-2.0-OpenSSH_9.2\r\n'), client('SSH-2.0-x\r\n')], RecordFlag.OTHER_PROTOCOL],
    ['Redis', [client('*1\r\n$4\r\nPING\r\n'), server('+PONG\r\n')], RecordFlag.OTHER_PROTOCOL],
    ['SMTP', [server('220 shop\r\n'), client('EHLO x\r\n')], RecordFlag.OTHER_PROTOCOL],
    [
      'RTSP',
      [client('OPTIONS * RTSP/1.0\r\n\r\n'), server('RTSP/1.0 200 OK\r\n\r\n')],
      RecordFlag.OTHER_PROTOCOL,
    ],
    ['nothing', [], 0],
  ])('recognises what a connection speaks: %s', async (_, steps, flag) => {
    await run(['open v4', ...steps, 'close-client']);
    const { records, requests } = observed.read();
    const { HTTP1, TLS, HTTP2, OTHER_PROTOCOL } = RecordFlag;
    expect(records.map(({ flags }) => flags & (HTTP1 | TLS | HTTP2 | OTHER_PROTOCOL))).toEqual([flag, flag]);
    expect(requests).toEqual([]);
    expect(observed.totals().httpFramingLost).toBe(0n);
  });

  describe('behind a header of the PROXY protocol, version 2', () => {
    const header = `\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c${'\x7f\0\0\x01'.repeat(2)}\x12\x34\0\x50`;
    const { HTTP1, TLS, HTTP2, OTHER_PROTOCOL } = RecordFlag;

    it.each([
      ['in one segment with it', [client(header + GET)]],
      ['in a segment of their own', [client(header), client(GET)]],
    ])('reads requests %s, and counts none of it', async (_, steps) => {
      expect(await exchange([...steps, server(HELLO), client(GET), server(HELLO)])).toEqual({
        samples: ['GET 200', 'GET 200'],
        requestBytes: sizes(GET, GET),
        responseBytes: sizes(HELLO, HELLO),
      });
    });

    it.each([
      ['TLS', [client(header), client('\x16\x03\x01\x02\x00\x01')], TLS],
      ['TLS', [client(`${header}\x16\x03\x01\x02\x00\x01`)], TLS],
      ['SMTP', [client(header), server('220 shop\r\n'), client('EHLO x\r\n')], OTHER_PROTOCOL],
    ])('recognises what is spoken: %s', async (_, steps, flag) => {
      await run(['open v4', ...steps, 'close-client']);
      const flags = observed.read().records.map((record) => record.flags);
      expect(flags.map((all) => all & (HTTP1 | TLS | HTTP2 | OTHER_PROTOCOL))).toEqual([flag, flag]);
    });
  });

  it('says nothing of what it did not see begin, and finds the next request of an older connection', async () => {
    observed.close();
    const scenario = new Scenario(program.path, cgroup, []);
    scenario.write(`open v4\n${client(GET)}\n`);
    await sleep(200);
    observed = new Observed(cgroup, { http: true });
    observed.adopt();
    observed.look();
    scenario.feed([server(HELLO), client(GET), server(HELLO), 'close-client', ''].join('\n'));
    await scenario.finished();
    expect(seen(observed)).toEqual({
      samples: ['GET 200 RESYNCED'],
      requestBytes: GET.length,
      responseBytes: HELLO.length,
    });
  });

  it('counts what a full ring could not take: made = told + lost', async () => {
    observed.close();
    observed = new Observed(cgroup, { http: true, ringBytes: 4096 });
    const one = [client(GET), server(HELLO)];
    const connection = ['open v4', ...Array.from({ length: 40 }, () => one).flat(), 'close-client'];
    await run([...connection, ...connection]);
    const { requests } = observed.read();
    const told = requests.reduce((sum, { sampleCount }) => sum + sampleCount, 0);
    const { httpRequests, httpRequestsLost, httpRecordsEmitted } = observed.totals();
    expect(told).toBe(Number(httpRequests));
    expect(requests).toHaveLength(Number(httpRecordsEmitted));
    expect(told + Number(httpRequestsLost)).toBe(2 * 2 * 40);
    expect(httpRequestsLost).toBeGreaterThan(0n);
  });

  it('begins anew with a socket that connects again', async () => {
    const one = ['open v4', client(GET), server(HELLO)];
    await run([...one, 'leave', ...one, client(GET), server(HELLO), 'close-client']);
    const { requests } = observed.read();
    const byClient = requests.filter(({ connection }) => connection.reporter === Reporter.SOURCE);
    expect(new Set(byClient.map(({ connection }) => connection.socketCookie)).size).toBe(1);
    expect(new Set(byClient.map(({ connection }) => connection.clientIsn)).size).toBe(2);
    expect(byClient.map(({ sampleCount }) => sampleCount)).toEqual([1, 2]);
    expect(byClient.flatMap(({ samples }) => samples.map(({ status, flags }) => [status, flags]))).toEqual(
      Array(3).fill([200, 0]),
    );
    expect(observed.totals()).toMatchObject({ httpRequestsLost: 0n, httpFramingLost: 0n });
  });

  it('sees nothing of other cgroups', async () => {
    const elsewhere = new TestCgroup();
    await play(program.path, elsewhere, ['open v4', client(GET), server(HELLO), 'close-client']);
    expect(observed.read().requests).toEqual([]);
    await sleep(20);
    elsewhere.remove();
  });
});
