// SPDX-License-Identifier: Apache-2.0
// Streams of HTTP/1.1 made from a seed: what servers and clients send, and what none of them should.

/** A request and what it was answered with, interim answers included. */
export interface Exchange {
  readonly request: string;
  readonly response: string;
}

/** Numbers from a seed (mulberry32): the same everywhere. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0 to below `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let word = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return ((word ^ (word >>> 14)) >>> 0) % limit;
  }

  one<T>(of: readonly T[]): T {
    return of[this.below(of.length)] as T;
  }

  /** True once in `n` times. */
  once(n: number): boolean {
    return this.below(n) === 0;
  }

  /** Mostly small, now and then up to `limit`. */
  length(limit: number): number {
    return this.once(4) ? this.below(limit) : this.below(Math.min(limit, 24));
  }
}

const METHODS = ['GET', 'GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'PROPFIND'];
/** Names that resemble those that frame, and others. */
const NAMES = [
  'Accept',
  'Cookie',
  'Content-Type',
  'Content-Language',
  'Content-Lengthy',
  'Content-Len',
  'C',
  'T',
  'Connection-Log',
  'Transfer-Encoder',
  'Transfer',
  'Trailers-',
  'Te',
  'X-Content-Length',
  'Date',
];
const STATUSES = [200, 200, 200, 201, 204, 301, 304, 400, 404, 418, 500, 503, 599];
const VALUE_BYTES = 'abcdefghijklmnopqrstuvwxyz0123456789 ;=/-:,"l-';
const BODY_BYTES = 'GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n0123456789abcdef';

const POOL_LENGTH = 8192;
const pools = new Map<string, string>();

/** Characters of an alphabet: a part of a long text of them, which is made once. */
function text(dice: Dice, length: number, from: string): string {
  let pool = pools.get(from);
  if (pool === undefined) {
    const own = new Dice(from.length);
    pool = Array.from({ length: POOL_LENGTH }, () => own.one([...from])).join('');
    pools.set(from, pool);
  }
  const at = dice.below(POOL_LENGTH - length);
  return pool.slice(at, at + length);
}

const cased = (dice: Dice, name: string): string => dice.one([name, name.toLowerCase(), name.toUpperCase()]);

function fields(dice: Dice, framing: readonly string[]): string {
  const others = Array.from(
    { length: dice.length(30) },
    () => `${dice.one(NAMES)}:${dice.one(['', ' '])}${text(dice, dice.length(500), VALUE_BYTES).trim()}`,
  );
  const at = dice.below(others.length + 1);
  return [...others.slice(0, at), ...framing, ...others.slice(at)].map((line) => `${line}\r\n`).join('');
}

function chunks(dice: Dice, body: string): string {
  let rest = body;
  let coded = '';
  while (rest !== '') {
    const chunk = rest.slice(0, 1 + dice.below(rest.length));
    rest = rest.slice(chunk.length);
    const size = chunk.length.toString(16);
    coded += `${dice.one(['', '0', '000'])}${dice.one([size, size.toUpperCase()])}${dice.one(['', '', ';a=b', ';x="y"'])}\r\n${chunk}\r\n`;
  }
  return `${coded}0\r\n${dice.once(3) ? fields(dice, []) : ''}\r\n`;
}

/** A body and the fields that frame it. */
function body(dice: Dice): { readonly framing: string[]; readonly coded: string } {
  const plain = text(dice, dice.length(3000), BODY_BYTES);
  if (dice.once(3)) {
    const coding = `${cased(dice, 'Transfer-Encoding')}:${dice.one([' ', '', '  '])}${dice.one(['chunked', 'Chunked', 'gzip, chunked'])}`;
    return { framing: [coding], coded: chunks(dice, plain) };
  }
  const space = dice.one(['', ' ']);
  return {
    framing: [
      `${cased(dice, 'Content-Length')}:${dice.one(['', ' ', '   '])}${dice.one(['', '00'])}${plain.length}${space}`,
    ],
    coded: plain,
  };
}

/** An exchange as it should be. `last`: no other follows on the connection. */
export function validExchange(dice: Dice, last: boolean): Exchange {
  const method = dice.one(METHODS);
  const target = `/${text(dice, dice.length(600), 'abc/?=&%20')}`;
  const sent = dice.one([true, false]) && method !== 'TRACE' ? body(dice) : { framing: [], coded: '' };
  const breaks = dice.once(20) ? '\r\n' : '';
  const request = `${breaks}${method} ${target} HTTP/1.1\r\nHost: shop\r\n${fields(dice, sent.framing)}\r\n${sent.coded}`;
  const status = dice.one(STATUSES);
  const interim = dice.once(6) ? `HTTP/1.1 ${dice.one([100, 102, 103])} Wait\r\n${fields(dice, [])}\r\n` : '';
  const answer = body(dice);
  const bodiless = method === 'HEAD' || status === 204 || status === 304;
  const head = (framing: string[]) =>
    `${interim}HTTP/1.1 ${status}${dice.one([' OK', ' ', ' Not a Number 200'])}\r\n${fields(dice, framing)}\r\n`;
  if (bodiless) return { request, response: head(status === 204 ? [] : answer.framing) };
  if (last && dice.once(4)) return { request, response: `${head([])}${text(dice, 200, BODY_BYTES)}` };
  return { request, response: `${head(answer.framing)}${answer.coded}` };
}

/** Heads over whose meaning recipients have differed. Each is followed by a body of five bytes and then a request. */
const ODD_FIELDS = [
  'Content-Length: 5\r\nContent-Length: 5',
  'Content-Length: 5\r\nContent-Length: 6',
  'Content-Length: 5, 5',
  'Content-Length: +5',
  'Content-Length: -5',
  'Content-Length: 0x5',
  'Content-Length: 5 5',
  'Content-Length:',
  'Content-Length: 5;',
  'Content-Length: 18446744073709551621',
  'Content-Length: 99999999999999999999999999999',
  'Content-Length : 5',
  'Content-Length\t: 5',
  ' Content-Length: 5',
  'X: y\r\n Content-Length: 5',
  'Content-Length:\r\n 5',
  'Content-Length: 5\r\n 0',
  'Content-Length: 5\r\n\tx',
  'Content-Length: 5\rX: y',
  'Content-Length: 5\nX: y',
  'Transfer-Encoding: chunked\r\nContent-Length: 5',
  'Content-Length: 5\r\nTransfer-Encoding: chunked',
  'Transfer-Encoding: chunked, gzip',
  'Transfer-Encoding: gzip',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: chunkedx',
  'Transfer-Encoding: "chunked"',
  'Transfer-Encoding: chunked;q=1',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding: chunked ',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding:',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
  'Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked',
  'Transfer-Encoding:\r\n chunked',
  'X: y\x00z',
  'X\x0b: y',
  ': y',
  'X',
  `${'X'.repeat(400)}: y`,
  `Content-Length: ${' '.repeat(100)}5`,
  `Content-Length: ${'0'.repeat(30)}5`,
];
const ODD_BODIES = [
  'hello',
  '5\r\nhello\r\n0\r\n\r\n',
  '5\nhello\n0\n\n',
  '05\r\nhello\r\n0\r\n\r\n',
  '5 \r\nhello\r\n0\r\n\r\n',
  '5\r\nhello0\r\n\r\n',
  '5\r\nhelloX\r\n0\r\n\r\n',
  '-5\r\nhello\r\n0\r\n\r\n',
  '0x5\r\nhello\r\n0\r\n\r\n',
  '5;\r\nhello\r\n0\r\n\r\n',
  '5\r\r\nhello\r\n0\r\n\r\n',
  'fffffffffffffffff\r\nhello\r\n0\r\n\r\n',
  '\r\nhello\r\n0\r\n\r\n',
  '0\r\nX: y\r\n Z\r\n\r\n',
  '',
];
const ODD_LINES = [
  'GET / HTTP/1.1',
  'GET / HTTP/1.0',
  'GET / HTTP/1.2',
  'GET / HTTP/2.0',
  'GET / http/1.1',
  'GET  HTTP/1.1',
  'GET /',
  'get / HTTP/1.1',
  'GET\t/ HTTP/1.1',
  'GET / x HTTP/1.1',
  'GET / HTTP/1.1 ',
  ' GET / HTTP/1.1',
  'GETX / HTTP/1.1',
  `GET /${'x'.repeat(1000)} HTTP/1.1`,
  '\r\n\r\nGET / HTTP/1.1',
];
const ODD_STATUS_LINES = [
  'HTTP/1.1 200 OK',
  'HTTP/1.1 200',
  'HTTP/1.0 200 OK',
  'HTTP/1.1  200 OK',
  'HTTP/1.1 20 OK',
  'HTTP/1.1 2000 OK',
  'HTTP/1.1 099 OK',
  'HTTP/1.1 999 OK',
  'HTTP/1.1 2x0 OK',
  'HTTP/2 200 OK',
  'HTTP/1.1',
  'ICY 200 OK',
];

/** An exchange whose request or response is odd in one or two ways. */
export function oddExchange(dice: Dice): Exchange {
  const plain = {
    line: 'GET / HTTP/1.1',
    status: 'HTTP/1.1 200 OK',
    fields: 'Content-Length: 5',
    body: 'hello',
  };
  const odd = { fields: dice.one(ODD_FIELDS), body: dice.one(ODD_BODIES) };
  const request = {
    ...plain,
    ...(dice.once(2) ? odd : {}),
    ...(dice.once(3) ? { line: dice.one(ODD_LINES) } : {}),
  };
  const response = {
    ...plain,
    ...(dice.once(2) ? odd : {}),
    ...(dice.once(4) ? { status: dice.one(ODD_STATUS_LINES) } : {}),
  };
  return {
    request: `${request.line}\r\n${request.fields}\r\n\r\n${request.body}`,
    response: `${response.status}\r\n${response.fields}\r\n\r\n${response.body}`,
  };
}
