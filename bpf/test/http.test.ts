// SPDX-License-Identifier: Apache-2.0
import { HttpLimit, RecordEvent, RecordFlag, RecordKind, Reporter } from '@undermesh/bpf-abi';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { client, play, type Seen, seen, server } from './http-played.js';
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

  it('makes a record when eight samples wait, and of fewer after a second', async () => {
    const steps = Array.from({ length: 11 }, () => [client(GET), server(HELLO)]).flat();
    const scenario = new Scenario(program.path, cgroup, []);
    const rest = ['pause 1300', 'close-client', ''];
    scenario.feed(['open v4', ...steps, ...rest].join('\n'));
    await sleep(300);
    observed.look();
    const early = observed.read();
    expect(early.requests.map(({ sampleCount }) => sampleCount)).toEqual([8, 8]);
    await sleep(900);
    observed.look();
    expect(observed.read().requests.map(({ sampleCount }) => sampleCount)).toEqual([3, 3]);
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
});
