// SPDX-License-Identifier: Apache-2.0
// The reader of the module against llhttp: whatever llhttp rejects is not routed, and what both take ends at the same
// byte.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dice, oddExchange, validExchange } from '../../bpf/test/http-corpus.js';
import { frame } from '../../bpf/test/llhttp.js';
import { type Head, hex, type Messages, Reader } from './http1/read.js';

/** More of them by UNDERMESH_HTTP_CASES. */
const CASES = Number(process.env.UNDERMESH_HTTP_CASES ?? 400);

/** Longer ones are cut in too many ways to do so here; see http1.test.ts. */
const LONGEST_CUT = 600;

/** What the module refuses on purpose though llhttp reads it. */
const STRICTER = /^\r\n|\r\nTransfer-Encoding: *gzip, chunked/im;

const TRICKS = ['\n', '\r', '\0', '\x0b', '\x7f', '\xff', ' ', '\t', ':', ',', ';', '0', '\r\n', '\r\n '];

/** A stream with a few bytes replaced, put in or taken out. */
function mutated(dice: Dice, text: string): string {
  let result = text;
  for (let i = 0; i <= dice.below(3); i++) {
    const at = dice.below(result.length);
    const trick = dice.one(TRICKS);
    result = result.slice(0, at) + trick + result.slice(at + dice.one([0, trick.length, 1]));
  }
  return result;
}

describe('against llhttp', { timeout: 60_000 + 30 * CASES }, () => {
  let reader: Reader;
  beforeAll(() => {
    reader = new Reader('clang');
  }, 60_000);
  afterAll(() => reader.close());

  const read = (texts: readonly string[]): Messages[] =>
    reader.run(texts.map((text) => `requests ${hex(text)}`)) as Messages[];
  const lengths = ({ messages }: Messages): number[] => messages.map(([bytes]) => bytes);

  /** Of requests that may be anything: ours are the first of those that llhttp sees. */
  function expectPrefix(texts: readonly string[]): { ours: number; theirs: number } {
    const counts = { ours: 0, theirs: 0 };
    for (const [i, stream] of read(texts).entries()) {
      const { messages } = frame('request', texts[i] as string);
      const ours = lengths(stream);
      expect(
        messages.slice(0, ours.length).map(({ bytes }) => bytes),
        JSON.stringify(texts[i]),
      ).toEqual(ours);
      counts.ours += ours.length;
      counts.theirs += messages.length;
    }
    return counts;
  }

  /** A head that is routed, on its own: llhttp takes every byte of it. */
  function expectNoneRejected(texts: readonly string[]): number {
    const heads: Head[] = reader.heads('request', texts);
    expect(heads.filter(({ verdict }) => verdict === 'depends on the pieces')).toEqual([]);
    const routed = heads.flatMap(({ verdict, length }, i) =>
      verdict === 'complete' ? [(texts[i] as string).slice(0, length)] : [],
    );
    for (const text of routed) expect(frame('request', text).failed, JSON.stringify(text)).toBe(false);
    return routed.length;
  }

  it('reads what is right, and finds the same ends', () => {
    const dice = new Dice(11);
    const exchanges = Array.from({ length: CASES }, () => [
      validExchange(dice, false),
      validExchange(dice, false),
    ]);
    const texts = exchanges.map((pair) => pair.map(({ request }) => request).join(''));
    for (const [i, stream] of read(texts).entries()) {
      const text = texts[i] as string;
      const { messages } = frame('request', text);
      if (STRICTER.test(text)) continue;
      expect(lengths(stream), JSON.stringify(text)).toEqual(messages.map(({ bytes }) => bytes));
    }
  });

  it('finds the same ends of responses', () => {
    const dice = new Dice(12);
    const cases = Array.from({ length: CASES }, () => {
      const pair = [validExchange(dice, false), validExchange(dice, false)];
      const text = pair.map(({ response }) => response).join('');
      return { text, asked: pair.map(({ request }) => request.trimStart().split(' ')[0] as string) };
    });
    const lines = cases.map(({ text, asked }) => `responses ${asked.join(',')} ${hex(text)}`);
    for (const [i, stream] of (reader.run(lines) as Messages[]).entries()) {
      const { text, asked } = cases[i] as (typeof cases)[number];
      if (STRICTER.test(text)) continue;
      const { messages } = frame('response', text, { asked });
      expect(stream.messages, JSON.stringify(text)).toEqual(
        messages.map(({ bytes, status }) => [bytes, status]),
      );
    }
  });

  it('routes nothing that llhttp rejects, of odd requests', () => {
    const dice = new Dice(13);
    const texts = Array.from({ length: 4 * CASES }, () => oddExchange(dice).request);
    const { ours, theirs } = expectPrefix(texts);
    expect(ours).toBeGreaterThan(0);
    expect(theirs).toBeGreaterThanOrEqual(ours);
    expect(expectNoneRejected(texts.filter((text) => text.length < LONGEST_CUT))).toBeGreaterThan(0);
  });

  it('routes nothing that llhttp rejects, of requests with bytes that do not belong there', () => {
    const dice = new Dice(14);
    const texts = Array.from({ length: 4 * CASES }, () => {
      const plain = dice.once(2) ? validExchange(dice, false).request : oddExchange(dice).request;
      return mutated(dice, plain);
    });
    expectPrefix(texts);
    expect(expectNoneRejected(texts.filter((text) => text.length < LONGEST_CUT))).toBeGreaterThan(0);
  });
});
