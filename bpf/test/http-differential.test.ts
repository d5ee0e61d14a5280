// SPDX-License-Identifier: Apache-2.0
// The framing of the programs against llhttp's: the same requests, statuses and lengths, or "unknown".
import { HttpSampleFlag } from '@undermesh/bpf-abi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Case, difference, type Outcome, outcomesOf, played, segments, whole } from './framing.js';
import { Dice, type Exchange, oddExchange, validExchange } from './http-corpus.js';
import { compileFixture } from './observed.js';

/** More of them by UNDERMESH_HTTP_CASES. */
const CASES = Number(process.env.UNDERMESH_HTTP_CASES ?? 300);
const LARGEST_SEGMENT = 1500;
const { CUT, PIPELINED, RESYNCED } = HttpSampleFlag;

const CHUNKED = '\r\nTransfer-Encoding: chunked\r\n\r\n';
const POST = `POST / HTTP/1.1${CHUNKED}`;
const OK = `HTTP/1.1 200 OK${CHUNKED}`;
const GET = 'GET / HTTP/1.1\r\n\r\n';
const EMPTY = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

/** A body in chunks of these lengths. */
const chunked = (lengths: readonly number[]): string =>
  `${lengths.map((length) => `${length.toString(16)}\r\n${'x'.repeat(length)}\r\n`).join('')}0\r\n\r\n`;

describe('framing', { timeout: 60_000 + 30 * CASES }, () => {
  let harness: ReturnType<typeof compileFixture>;
  beforeAll(() => {
    harness = compileFixture('http-harness', [
      '-fsanitize=undefined',
      '-fno-sanitize=alignment',
      '-fsanitize-trap=all',
    ]);
  }, 60_000);
  afterAll(() => harness.remove());

  const outcomes = (cases: readonly Case[]): Promise<Outcome[]> => outcomesOf(harness.path, cases);
  /** Fails with the first case that differs. */
  const compare = async (cases: readonly Case[], valid = true): Promise<Outcome[]> => {
    const results = await outcomes(cases);
    expect(results).toHaveLength(cases.length);
    for (const [i, outcome] of results.entries()) {
      const of = cases[i] as Case;
      const found = difference(of, outcome, valid);
      if (found !== undefined)
        expect.fail(`case ${i}: ${found}\n${JSON.stringify(of.exchanges)}\nsegments: ${of.steps.length}`);
    }
    return results;
  };

  it('is that of llhttp for valid streams, however they are cut into segments', async () => {
    const dice = new Dice(1);
    const cases = Array.from({ length: CASES }, () => {
      const count = 1 + dice.below(6);
      const exchanges = Array.from({ length: count }, (_, i) => validExchange(dice, i === count - 1));
      const largest = dice.one([1, 7, 60, 300, LARGEST_SEGMENT, 100_000]);
      return played(exchanges, () => 1 + dice.below(largest), dice.one([1, 1, count]));
    });
    for (const { framingLost, lost, protocol } of await compare(cases)) {
      expect([framingLost, lost, protocol]).toEqual([0, 0, 1]);
    }
  });

  it('is that of llhttp with heads split at every byte', async () => {
    const dice = new Dice(2);
    const cases: Case[] = [];
    for (let i = 0; i < 8; i++) {
      const exchange = validExchange(dice, false);
      const longest = Math.min(700, Math.max(exchange.request.length, exchange.response.length));
      for (let at = 1; at <= longest; at++) {
        let first = true;
        const cut = () => {
          first = !first;
          return first ? 1_000_000 : at;
        };
        cases.push(played([exchange, exchange], cut));
      }
    }
    for (const { framingLost } of await compare(cases)) expect(framingLost).toBe(0);
  });

  it('is that of llhttp, or unknown, for what recipients differ over', async () => {
    const dice = new Dice(3);
    const cases = Array.from({ length: CASES }, () => {
      const exchanges = [validExchange(dice, false), oddExchange(dice), validExchange(dice, false)];
      const largest = dice.one([3, 60, 100_000]);
      return played(exchanges, () => 1 + dice.below(largest));
    });
    const results = await compare(cases, false);
    expect(results.some(({ framingLost }) => framingLost > 0)).toBe(true);
    expect(results.some(({ framingLost }) => framingLost === 0)).toBe(true);
  });

  it('is that of llhttp for lengths of any count of digits', async () => {
    const cases = [0, 5, 10, 98, 765, 4_321, 10_987, 654_321, 1_230_456].map((length) => {
      const rest = `X: y\r\nContent-Length: ${length}\r\nAge: 1\r\n\r\n${'x'.repeat(length)}`;
      const exchange = {
        request: `POST / HTTP/1.1\r\n${rest}`,
        response: `HTTP/1.1 200 OK\r\n${rest}`,
      };
      return played([exchange, { request: GET, response: EMPTY }], () => 60_000);
    });
    for (const { framingLost, samples } of await compare(cases))
      expect([framingLost, samples.length]).toEqual([0, 2]);
  });

  it.each([
    'Content-Length:5',
    'Content-Length:  5',
    'Content-Length:\t5',
    'Content-Length: 05',
    'Content-Length: 5 ',
    'Content-Length: +5',
    'Content-Length: 5;',
    'Content-Length: 5\r\r',
    'Content-Length: ',
    'Content-Lengths: 5',
    'Content-Length : 5',
    'Content-Length: 5\r\nContent-Length: 5',
    'Content-Length: 5\r\n 6',
    'Content-Lengt: 5',
    'Content-Length: 5\r\nTransfer-Encoding: chunked',
    'Transfer-Encodinx: chunked',
    'Transfer-Encoding:chunked',
    'transfer-encoding: CHUNKED',
    'Transfer-Encoding: chunked ',
    'Transfer-Encoding: chunkedx',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
  ])('is that of llhttp, or unknown, for a field that is nearly as usual: %j', async (field) => {
    const rest = `${field}\r\nAge: 1\r\n\r\n`;
    const cases = ['5\r\nhello\r\n0\r\n\r\n', 'hello'].flatMap((body) => [
      played(
        [
          { request: `POST / HTTP/1.1\r\n${rest}${body}`, response: EMPTY },
          { request: GET, response: EMPTY },
        ],
        whole,
      ),
      played(
        [
          { request: GET, response: `HTTP/1.1 200 OK\r\n${rest}${body}` },
          { request: GET, response: EMPTY },
        ],
        whole,
      ),
    ]);
    await compare(cases, false);
  });

  it('takes no harm from bytes that come twice, or before others', async () => {
    const dice = new Dice(4);
    const cases = Array.from({ length: CASES }, () => {
      const exchanges = Array.from({ length: 3 }, () => validExchange(dice, false));
      const { steps } = played(exchanges, () => 1 + dice.below(LARGEST_SEGMENT));
      const shuffled: string[] = [];
      for (const step of steps) {
        const [name] = step.split(' ');
        const previous = shuffled.at(-1);
        if (dice.once(8) && previous?.startsWith(`${name} `)) shuffled.splice(-1, 1, step, previous);
        else shuffled.push(step);
        if (dice.once(8) && (name === 'request' || name === 'response')) shuffled.push(step);
      }
      return { exchanges, steps: shuffled };
    });
    const results = await compare(cases);
    expect(results.filter(({ framingLost }) => framingLost === 0).length).toBeGreaterThan(CASES / 4);
  });

  it('is exact for chunked bodies whose segments come late, up to where the next message begins', async () => {
    const dice = new Dice(6);
    /** The segments of a message: its head at once, its body in any order, one of it twice. */
    const late = (name: string, from: number, head: string, body: string): string[] => {
      const steps = segments(name, from + head.length, body, () => 100);
      for (let i = steps.length - 1; i > 0; i--) {
        const other = i - dice.below(Math.min(6, i + 1));
        [steps[i], steps[other]] = [steps[other] as string, steps[i] as string];
      }
      return [...segments(name, from, head, whole), ...steps, dice.one(steps)];
    };
    const cases = Array.from({ length: CASES }, () => {
      const exchanges: Exchange[] = [];
      const steps = ['begin'];
      const client = dice.once(2); // what an end sends is seen in order
      let asked = 0;
      let answered = 0;
      for (let i = 0; i < 4; i++) {
        const sent = chunked(Array.from({ length: 3 + dice.below(8) }, () => 1 + dice.below(200)));
        const got = chunked(Array.from({ length: 3 + dice.below(8) }, () => 1 + dice.below(200)));
        steps.push(
          ...(client ? segments('request', asked, POST + sent, whole) : late('request', asked, POST, sent)),
          ...(client ? late('response', answered, OK, got) : segments('response', answered, OK + got, whole)),
        );
        exchanges.push({ request: POST + sent, response: OK + got });
        asked += POST.length + sent.length;
        answered += OK.length + got.length;
      }
      steps.push(...segments('request', asked, GET, whole), ...segments('response', answered, EMPTY, whole));
      return { exchanges: [...exchanges, { request: GET, response: EMPTY }], steps: [...steps, 'end'] };
    });
    const results = await compare(cases);
    for (const { framingLost, samples } of results) {
      expect(framingLost).toBe(0);
      expect(samples.map(([, , flags]) => flags & ~RESYNCED)).toEqual(Array(5).fill(0));
    }
    expect(results.some(({ samples }) => samples.some(([, , flags]) => flags === RESYNCED))).toBe(true);
  });

  describe('of a response whose chunks were not all seen', () => {
    const body = chunked([100, 100, 100]);
    const [first = '', second = '', third = '', fourth = ''] = segments(
      'response',
      OK.length,
      body,
      () => 90,
    );
    const begun = ['begin', ...segments('request', 0, GET, whole), ...segments('response', 0, OK, whole)];
    const again = segments('request', GET.length, GET, whole);
    const bytes = OK.length + body.length;
    const answer = segments('response', bytes, EMPTY, whole);
    const next = [1, 200, 0, GET.length, EMPTY.length];

    it.each([
      ['ends with the connection', [third, fourth, first, second], [[1, 200, 0, GET.length, bytes]], 0],
      [
        'is cut when its end was not seen',
        [second, third, first],
        [[1, 200, CUT | RESYNCED, GET.length, OK.length + 270]],
        0,
      ],
      [
        'ends where the next answer begins, though some of it was never seen',
        [second, third, fourth, ...again, ...answer],
        [[1, 200, 0, GET.length, bytes], next],
        0,
      ],
      [
        'is told to nobody when the next request came before its end',
        [first, third, ...again, fourth, ...answer],
        [],
        1,
      ],
    ])('%s', async (_, steps, samples, framingLost) => {
      const [outcome] = await outcomes([{ exchanges: [], steps: [...begun, ...steps, 'end'] }]);
      expect(outcome).toMatchObject({ samples, framingLost });
    });
  });

  it('survives any bytes at all', async () => {
    const dice = new Dice(5);
    const mutated = Array.from({ length: CASES }, () => {
      const { steps } = played([validExchange(dice, false), oddExchange(dice)], () => 1 + dice.below(300));
      return steps.map((step) => {
        if (!dice.once(4) || !step.includes(' ')) return step;
        const [name, at, bytes = ''] = step.split(' ');
        const place = 2 * dice.below(Math.max(1, bytes.length / 2));
        const other = dice.one(['0a', '0d', '00', '20', 'ff', '3a', '30']);
        return `${name} ${at} ${bytes.slice(0, place)}${other}${bytes.slice(place + 2)}`;
      });
    });
    const results = await outcomes(mutated.map((steps) => ({ exchanges: [], steps })));
    expect(results).toHaveLength(CASES);
  });

  it('tells pipelined requests, and gives up beyond sixteen of them', async () => {
    const one = { request: GET, response: EMPTY };
    const [sixteen, seventeen] = await outcomes(
      [16, 17].map((count) => played(Array(count).fill(one), () => 100, count)),
    );
    expect(sixteen?.samples).toHaveLength(16);
    expect(sixteen?.samples.map(([, , flags]) => flags)).toEqual([0, ...Array(15).fill(PIPELINED)]);
    expect(sixteen?.framingLost).toBe(0);
    expect(seventeen?.framingLost).toBeGreaterThan(0);
  });
});
