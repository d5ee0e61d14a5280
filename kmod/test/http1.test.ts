// SPDX-License-Identifier: Apache-2.0
// Heads, bodies and exchanges as the module reads them. Each head is also read in two pieces, cut at every place.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Head, hex, type Messages, Reader } from './http1/read.js';

const head = (line: string, ...fields: string[]): string =>
  `${[line, ...fields].map((one) => `${one}\r\n`).join('')}\r\n`;
const get = (...fields: string[]): string => head('GET / HTTP/1.1', 'Host: shop', ...fields);
const ok = (...fields: string[]): string => head('HTTP/1.1 200 OK', ...fields);

const REFUSED: readonly (readonly [reason: string, what: string, text: string])[] = [
  ['version', 'HTTP/2.0', head('GET / HTTP/2.0', 'Host: a')],
  ['version', 'HTTP/1.2', head('GET / HTTP/1.2', 'Host: a')],
  ['version', 'lower case', head('GET / http/1.1', 'Host: a')],
  ['version', 'HTTP/0.9', 'GET /\r\n'],
  ['version', 'a blank behind it', head('GET / HTTP/1.1 ', 'Host: a')],
  ['version', 'a blank in the target', head('GET / x HTTP/1.1', 'Host: a')],
  ['target', 'the absolute form', head('GET http://a/ HTTP/1.1', 'Host: b')],
  ['target', 'two blanks', head('GET  / HTTP/1.1', 'Host: a')],
  ['target', 'a fragment', head('GET /#x HTTP/1.1', 'Host: a')],
  ['target', 'NUL', head('GET /\0 HTTP/1.1', 'Host: a')],
  ['target', 'a byte beyond ASCII', head('GET /\xe4 HTTP/1.1', 'Host: a')],
  ['target', 'a star for GET', head('GET * HTTP/1.1', 'Host: a')],
  ['target', 'more than a star', head('OPTIONS *x HTTP/1.1', 'Host: a')],
  ['target', 'a path for CONNECT', head('CONNECT / HTTP/1.1', 'Host: a')],
  ['host', 'none', head('GET / HTTP/1.1')],
  ['host', 'two', get('Host: shop')],
  ['host', 'two, written differently', get('HOST: shop')],
  ['host', 'a blank in it', head('GET / HTTP/1.1', 'Host: a b')],
  ['host', 'user information', head('GET / HTTP/1.1', 'Host: a@b')],
  ['host', 'a path', head('GET / HTTP/1.1', 'Host: a/b')],
  ['host', 'a list', head('GET / HTTP/1.1', 'Host: "a"')],
  ['content_length', 'twice, alike', get('Content-Length: 5', 'Content-Length: 5')],
  ['content_length', 'twice, different', get('Content-Length: 5', 'content-length: 6')],
  ['content_length', 'a list', get('Content-Length: 5, 5')],
  ['content_length', 'a sign', get('Content-Length: +5')],
  ['content_length', 'below zero', get('Content-Length: -5')],
  ['content_length', 'hexadecimal', get('Content-Length: 0x5')],
  ['content_length', 'a blank in it', get('Content-Length: 5 5')],
  ['content_length', 'empty', get('Content-Length:')],
  ['content_length', 'beyond 64 bits', get('Content-Length: 18446744073709551621')],
  ['transfer_encoding', 'with a length', get('Content-Length: 5', 'Transfer-Encoding: chunked')],
  ['transfer_encoding', 'before a length', get('Transfer-Encoding: chunked', 'Content-Length: 5')],
  ['transfer_encoding', 'twice', get('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')],
  ['transfer_encoding', 'another one before', get('Transfer-Encoding: gzip, chunked')],
  ['transfer_encoding', 'another one behind', get('Transfer-Encoding: chunked, identity')],
  ['transfer_encoding', 'nearly', get('Transfer-Encoding: xchunked')],
  ['transfer_encoding', 'longer', get('Transfer-Encoding: chunkedd')],
  ['transfer_encoding', 'quoted', get('Transfer-Encoding: "chunked"')],
  ['transfer_encoding', 'empty', get('Transfer-Encoding:')],
  ['transfer_encoding', 'in HTTP/1.0', head('GET / HTTP/1.0', 'Transfer-Encoding: chunked')],
  ['value', 'a vertical tab', get('Transfer-Encoding: \x0bchunked')],
  ['value', 'NUL', get('X: a\0b')],
  ['value', 'DEL', get('X: a\x7fb')],
  ['name', 'a blank behind it', get('Content-Length : 5')],
  ['name', 'a tab behind it', get('Transfer-Encoding\t: chunked')],
  ['name', 'empty', get(': x')],
  ['bare_break', 'no colon', get('X')],
  ['name', 'NUL', get('X\0: y')],
  ['name', 'beyond ASCII', get('\xc3\xa4: y')],
  ['folded', 'by a blank', get('X: y', ' z')],
  ['folded', 'by a tab', get('X:', '\ty')],
  ['transfer_encoding', 'on the next line', get('Transfer-Encoding:', '\tchunked')],
  ['folded', 'the first field', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n'],
  ['bare_break', 'LF behind the first line', 'GET / HTTP/1.1\nHost: a\r\n\r\n'],
  ['bare_break', 'LF behind a field', 'GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n'],
  ['bare_break', 'LF at the end', 'GET / HTTP/1.1\r\nHost: a\r\n\n'],
  ['bare_break', 'CR in a value', get('X: a\rContent-Length: 5')],
  ['bare_break', 'CR in the first line', 'GET / HTTP/1.1\rX\r\n\r\n'],
  ['bare_break', 'CR at the end', 'GET / HTTP/1.1\r\nHost: a\r\n\rX'],
  ['too_large', 'a name without an end', `GET / HTTP/1.1\r\n${'x'.repeat(17_000)}`],
  ['too_large', 'a value without an end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(17_000)}`],
  ['too_many_fields', '101', get(...Array.from({ length: 100 }, (_, i) => `X-${i}: y`))],
];

const FOREIGN: readonly (readonly [reason: string, what: string, text: string])[] = [
  ['tls', 'ClientHello', '\x16\x03\x01\x02\x00\x01\x00'],
  ['http2', 'its preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['raw', 'Redis', '*1\r\n$4\r\nPING\r\n'],
  ['raw', 'SMTP', 'EHLO here\r\n'],
  ['raw', 'SSH', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['raw', 'a method that nobody knows', head('GETX / HTTP/1.1', 'Host: a')],
  ['raw', 'a method in lower case', head('get / HTTP/1.1', 'Host: a')],
  ['raw', 'a line break first', `\r\n${get()}`],
  ['raw', 'a blank first', ` ${get()}`],
  ['raw', 'NUL', '\0\0\0\x08'],
  ['raw', 'a long word', 'A'.repeat(64)],
];

/** A text whose pieces are all longer than a head may be is cut at too many places. */
const isCut = (text: string): boolean => text.length < 5_000;

describe.each(['gcc', 'clang'] as const)('HTTP/1.1, built by %s', (compiler) => {
  let reader: Reader;
  beforeAll(() => {
    reader = new Reader(compiler);
  }, 60_000);
  afterAll(() => reader.close());

  const read = (text: string, kind: 'request' | 'response' = 'request'): Head =>
    reader.heads(kind, [text])[0] as Head;
  const cut = (text: string, [at, length]: readonly [number, number]): string => text.slice(at, at + length);

  it('knows what a request asks for', () => {
    const text = head(
      'POST /a/b%20c?x=1&y=?/ HTTP/1.1',
      'User-Agent: \t x  y \t',
      'hOST:shop.example:8080 ',
      'Empty:',
      'Content-Length: 0042',
    );
    const request = read(`${text}body`);
    expect(request).toMatchObject({
      verdict: 'complete',
      reason: 'none',
      length: text.length,
      minor: 1,
      contentLength: 42,
      chunked: false,
    });
    expect(cut(text, request.method)).toBe('POST');
    expect(cut(text, request.target)).toBe('/a/b%20c?x=1&y=?/');
    expect(cut(text, request.path)).toBe('/a/b%20c');
    expect(cut(text, request.query)).toBe('x=1&y=?/');
    expect(cut(text, request.host)).toBe('shop.example:8080');
    expect(
      request.fields.map(([name, nameLength, value, valueLength]) => [
        cut(text, [name, nameLength]),
        cut(text, [value, valueLength]),
      ]),
    ).toEqual([
      ['User-Agent', 'x  y'],
      ['hOST', 'shop.example:8080'],
      ['Empty', ''],
      ['Content-Length', '0042'],
    ]);
  });

  it.each([
    ['HTTP/1.0 without a host', head('GET / HTTP/1.0')],
    ['an empty host', head('GET / HTTP/1.1', 'Host:')],
    ['an address of IPv6', head('GET / HTTP/1.1', 'Host: [::1]:80')],
    ['a star', head('OPTIONS * HTTP/1.1', 'Host: a')],
    ['CONNECT', head('CONNECT a:443 HTTP/1.1', 'Host: a')],
    ['a body in chunks', get('Transfer-Encoding: \t CHUNKED ')],
    ['one hundred fields', get(...Array.from({ length: 99 }, (_, i) => `X-${i}: y`))],
    ['names that resemble those that frame', get('Content-Lengthx: a', 'X-Transfer-Encoding: b', 'Hos: c')],
    ['bytes beyond ASCII in a value', get('X: \xe4\xff')],
  ])('reads %s', (_, text) => {
    expect(read(text)).toMatchObject({ verdict: 'complete', reason: 'none', length: text.length });
  });

  it.each(REFUSED)('refuses, for its %s: %s', (reason, _, text) => {
    if (isCut(text)) expect(read(text)).toMatchObject({ verdict: 'refused', reason });
    const [stream] = reader.run([`requests ${hex(text)}`]) as Messages[];
    expect(stream).toMatchObject({ messages: [], verdict: 'refused', reason });
  });

  it.each(FOREIGN)('takes for %s: %s', (reason, _, text) => {
    expect(read(text)).toMatchObject({ verdict: 'foreign', reason });
  });

  it('wants more of everything that may become a request', () => {
    const text = get('Content-Length: 5');
    for (let length = 1; length < text.length; length++)
      expect(read(text.slice(0, length))).toMatchObject({ verdict: 'more', reason: 'none', length });
  });

  it.each([
    ['HTTP/1.1 200 OK', 200],
    ['HTTP/1.1 204', 204],
    ['HTTP/1.0 404 ', 404],
    ['HTTP/1.1 999 What \xe4 day', 999],
  ])('reads the response "%s"', (line, status) => {
    expect(read(head(line, 'Server: x'), 'response')).toMatchObject({ verdict: 'complete', status });
  });

  it.each([
    ['raw', 'ICY 200 OK'],
    ['raw', 'SSH-2.0-OpenSSH_9.2'],
    ['version', 'HTTP/2 200'],
    ['status', 'HTTP/1.1  200 OK'],
    ['status', 'HTTP/1.1 20 OK'],
    ['status', 'HTTP/1.1 2000 OK'],
    ['status', 'HTTP/1.1 099 OK'],
    ['bare_break', 'HTTP/1.1'],
  ])('does not take for a response, for its %s: %s', (reason, line) => {
    expect(read(head(line), 'response')).toMatchObject({ reason });
  });

  describe('bodies', () => {
    const stream = (text: string): Messages => reader.run([`requests ${hex(text)}`])[0] as Messages;
    const answers = (methods: string, text: string): Messages =>
      reader.run([`responses ${methods} ${hex(text)}`])[0] as Messages;
    const chunked = get('Transfer-Encoding: chunked');

    it('end after their length', () => {
      const post = `${get('Content-Length: 5')}hello`;
      expect(stream(post + post + get())).toMatchObject({
        messages: [
          [post.length, 0],
          [post.length, 0],
          [get().length, 0],
        ],
        rest: 0,
      });
      expect(stream(post.slice(0, -1))).toMatchObject({ messages: [], verdict: 'more' });
    });

    it('end after their last chunk and its trailers', () => {
      const post = `${chunked}5\r\nhello\r\n00A;x="y z"\r\n0123456789\r\n0\r\nX: y\r\n\r\n`;
      expect(stream(post + get()).messages).toEqual([
        [post.length, 0],
        [get().length, 0],
      ]);
    });

    it.each([
      ['chunk', 'no size', '\r\nhello\r\n0\r\n\r\n'],
      ['chunk', 'a sign', '-5\r\nhello\r\n0\r\n\r\n'],
      ['chunk', '0x', '0x5\r\nhello\r\n0\r\n\r\n'],
      ['chunk', 'a blank behind the size', '5 \r\nhello\r\n0\r\n\r\n'],
      ['chunk', 'LF behind the size', '5\nhello\r\n0\r\n\r\n'],
      ['chunk', 'LF in an extension', '5;x\nhello\r\n0\r\n\r\n'],
      ['bare_break', 'CR in an extension', '5;x\ry\r\nhello\r\n0\r\n\r\n'],
      ['chunk', 'an extension without a name', '5;\r\nhello\r\n0\r\n\r\n'],
      ['chunk', 'an extension with a comma', '5;x,y\r\nhello\r\n0\r\n\r\n'],
      ['chunk', 'a size of 17 digits', 'fffffffffffffffff\r\nhello\r\n0\r\n\r\n'],
      ['chunk', 'a chunk that is longer', '5\r\nhelloX\r\n0\r\n\r\n'],
      ['chunk', 'LF behind a chunk', '5\r\nhello\n0\r\n\r\n'],
      ['chunk', 'a long extension', `5;${'x'.repeat(300)}\r\nhello\r\n0\r\n\r\n`],
      ['folded', 'a folded trailer', '0\r\nX: y\r\n z\r\n\r\n'],
      ['name', 'a trailer with a blank', '0\r\nX : y\r\n\r\n'],
      ['value', 'a trailer with NUL', '0\r\nX: \0\r\n\r\n'],
      ['bare_break', 'LF behind a trailer', '0\r\nX: y\n\r\n'],
      ['too_large', 'trailers without an end', `0\r\nX: ${'y'.repeat(9000)}`],
    ])('are refused, for their %s: %s', (reason, _, body) => {
      expect(stream(chunked + body)).toMatchObject({ messages: [], verdict: 'refused', reason });
    });

    it('are none where a status or a method says so', () => {
      const length = 'Content-Length: 5';
      const texts = [ok(length), head('HTTP/1.1 204 No', length), head('HTTP/1.1 304 No', length)];
      expect(answers('HEAD,OTHER,OTHER', texts.join('')).messages).toEqual(
        texts.map((text, i) => [text.length, [200, 204, 304][i]]),
      );
    });

    it('come after interim responses', () => {
      const interim = head('HTTP/1.1 100 Continue');
      const text = `${interim}${ok('Content-Length: 2')}hi`;
      expect(answers('OTHER', text).messages).toEqual([
        [interim.length, 100],
        [text.length - interim.length, 200],
      ]);
    });

    it('last as long as the connection when nothing else ends them', () => {
      expect(answers('OTHER', `${ok()}whatever`)).toMatchObject({ messages: [], verdict: 'more' });
    });
  });

  describe('exchanges', () => {
    const play = (...steps: (readonly ['sent' | 'received', string])[]): unknown =>
      reader.run([`exchange ${steps.map(([verb, text]) => `${verb} ${hex(text)}`).join(' ')}`])[0];
    const empty = ok('Content-Length: 0');

    it('are over when request and response are', () => {
      expect(
        play(
          ['sent', get()],
          ['received', empty.slice(0, 9)],
          ['received', empty.slice(9)],
          ['sent', `${get('Content-Length: 5')}he`],
          ['received', head('HTTP/1.1 100 Continue')],
          ['sent', 'llo'],
          ['received', `${ok('Transfer-Encoding: chunked')}5\r\nhe`],
          ['received', 'llo\r\n0\r\n\r\n'],
        ),
      ).toEqual(['busy', 'busy', 'idle', 'busy', 'busy', 'busy', 'busy', 'idle', 'none']);
    });

    it('are not over when the answer comes before the end of the request', () => {
      expect(
        play(['sent', get('Content-Length: 5')], ['received', empty], ['sent', 'hell'], ['sent', 'o']),
      ).toEqual(['busy', 'busy', 'busy', 'idle', 'none']);
    });

    it.each([
      ['pipelined', [['sent', get() + get()]]],
      [
        'pipelined',
        [
          ['sent', get()],
          ['sent', get()],
        ],
      ],
      [
        'upgraded',
        [
          ['sent', get('Connection: upgrade', 'Upgrade: websocket')],
          ['received', head('HTTP/1.1 101 So')],
        ],
      ],
      [
        'tunnel',
        [
          ['sent', head('CONNECT a:1 HTTP/1.1', 'Host: a')],
          ['received', ok()],
        ],
      ],
      [
        'closing',
        [
          ['sent', get()],
          ['received', ok()],
        ],
      ],
      [
        'unsolicited',
        [
          ['sent', get()],
          ['received', `${empty}x`],
        ],
      ],
      [
        'unsolicited',
        [
          ['sent', get()],
          ['received', empty],
          ['received', 'x'],
        ],
      ],
      [
        'unframed',
        [
          ['sent', get()],
          ['received', ok('Content-Length: 5', 'Content-Length: 5')],
        ],
      ],
      [
        'unframed',
        [
          ['sent', get()],
          ['received', '220 mail\r\n'],
        ],
      ],
      ['unframed', [['sent', `${get('Transfer-Encoding: chunked')}x`]]],
    ] as const)('are opaque: %s', (reason, steps) => {
      const phases = play(...(steps as readonly (readonly ['sent' | 'received', string])[])) as string[];
      expect(phases.slice(-2)).toEqual(['opaque', reason]);
    });
  });
});
