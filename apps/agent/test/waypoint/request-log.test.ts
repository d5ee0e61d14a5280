// SPDX-License-Identifier: Apache-2.0
import { closeSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addressBytes } from '../../src/mesh/address-bytes.js';
import { LogPipe } from '../../src/waypoint/log-pipe.js';
import { parseRequestLine, type RequestLine } from '../../src/waypoint/request-log.js';
import { until } from '../engine-bed.js';
import { temporaryDirectory } from './bed.js';

const HEAD = 'UL1 4430 7 3 1795376442 853';
const LINE = `${HEAD} 200 GET ---- 0 endpoint_1 10.0.0.9 44770 10.0.0.1 36526 10.0.0.2 8080`;
const place = (address: string, port: number) => ({ address: addressBytes(address), port });

describe('a line of the log', () => {
  it('tells of a request, at both families', () => {
    expect(parseRequestLine(LINE)).toEqual({
      worker: 4430,
      number: 7,
      request: 3,
      beganMs: 1_795_376_442_853,
      status: 200,
      method: 'GET',
      retries: 0,
      client: place('10.0.0.9', 44_770),
      onward: { local: place('10.0.0.1', 36_526), peer: place('10.0.0.2', 8080) },
    });
    const v6 = `${HEAD} 200 PUT ---- +1 endpoint_1 fd00::9 1 ::ffff:10.0.0.1 2 fd00::2 3`;
    expect(parseRequestLine(v6)).toMatchObject({
      retries: 1,
      client: place('fd00::9', 1),
      onward: { local: place('10.0.0.1', 2), peer: place('fd00::2', 3) },
    });
  });

  it('says what the waypoint answered by itself, and what nobody answered', () => {
    const nowhere = '10.0.0.9 44770 - - - -';
    expect(parseRequestLine(`${HEAD} 302 GET LR-- 0 <NOSRV> ${nowhere}`)).toMatchObject({
      status: 302,
      onward: null,
    });
    const refused = '10.0.0.9 44770 10.0.0.1 36526 10.0.0.2 8080';
    expect(parseRequestLine(`${HEAD} 503 GET SC-- 2 endpoint_1 ${refused}`)).toMatchObject({ onward: null });
    expect(parseRequestLine(`${HEAD} -1 GET CH-- 0 endpoint_1 ${refused}`)).toMatchObject({ status: 0 });
    expect(parseRequestLine('UL1 1 1 - 1 1 400 <BADREQ> PR-- 0 <NOSRV> 10.0.0.9 1 - - - -')).toMatchObject({
      request: 0,
    });
  });

  it('is none that is cut, longer, or from a server without an address', () => {
    for (let length = 0; length < LINE.length - 3; length++)
      expect(parseRequestLine(LINE.slice(0, length))).toBeNull();
    for (const line of [
      `${LINE} 1`,
      ` ${LINE}`,
      LINE.replace('UL1', 'UL2'),
      LINE.replace('44770', '0'),
      LINE.replace('44770', '65536'),
      LINE.replace('10.0.0.9', '10.0.0'),
      LINE.replace('10.0.0.9', 'unix'),
      LINE.replace('10.0.0.9', '1:2:3:4:5:6:7:8:9:a'),
      LINE.replace('10.0.0.2 8080', '- -'),
    ])
      expect(parseRequestLine(line)).toBeNull();
  });

  it('is a line or none whatever the bytes', () => {
    const known = [
      'UL1',
      '-',
      '0',
      '7',
      '200',
      '10.0.0.1',
      'fd00::1',
      '::',
      '+1',
      '<NOSRV>',
      '-1',
      '65535',
      '',
    ];
    let state = 1;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const word = (): string => {
      if (random(3) > 0) return known[random(known.length)]!;
      return String.fromCharCode(...Array.from({ length: random(12) }, () => random(256)));
    };
    const wrong: string[] = [];
    let lines = 0;
    for (let round = 0; round < 5_000; round++) {
      const words = LINE.split(' ');
      for (let changes = random(6); changes > 0; changes--) words[1 + random(words.length)] = word();
      const line = parseRequestLine(words.join(' '));
      if (line === null) continue;
      lines++;
      for (const { address, port } of [line.client, ...Object.values(line.onward ?? {})]) {
        if (address.length !== 16 || port < 1 || port > 65_535) wrong.push(words.join(' '));
      }
      if (!Number.isSafeInteger(line.number) || line.status > 599) wrong.push(words.join(' '));
    }
    expect(wrong).toEqual([]);
    expect(lines).toBeGreaterThan(300);
  });
});

describe('the pipe that lines come by', () => {
  interface Heard {
    readonly pipe: LogPipe;
    readonly lines: RequestLine[];
    invalid: number;
    write(bytes: string | Uint8Array): void;
  }
  const listen = (before = ''): Heard => {
    const pipe = new LogPipe(join(temporaryDirectory(), 'requests'));
    const fd = pipe.open();
    onTestFinished(() => {
      pipe.close();
      closeSync(fd);
    });
    const heard: Heard = {
      pipe,
      lines: [],
      invalid: 0,
      write: (bytes) => void (typeof bytes === 'string' ? writeSync(fd, bytes) : writeSync(fd, bytes)),
    };
    if (before !== '') heard.write(before);
    pipe.read({
      line: (line) => void heard.lines.push(line),
      invalid: () => {
        heard.invalid++;
      },
    });
    return heard;
  };

  it('is nobody else’s, and keeps what was written before anybody read', async () => {
    const heard = listen(`${LINE}\n${LINE}\n`);
    expect(statSync(heard.pipe.path).mode & 0o777).toBe(0o600);
    await until('both lines', () => heard.lines.length === 2);
  });

  it('puts lines together that come in pieces, and passes over what is none of ours', async () => {
    const heard = listen();
    heard.write(LINE.slice(0, 30));
    await new Promise((resolve) => setTimeout(resolve, 120));
    heard.write(`${LINE.slice(30)}\nProxy waypoint stopped.\n\n<4>${LINE}\n${LINE}\n`);
    await until('both lines', () => heard.lines.length === 2);
    expect(heard.invalid).toBe(0);
  });

  it('counts lines that cannot be read, however long, and goes on', async () => {
    const heard = listen();
    heard.write(`UL1 ${'x'.repeat(5_000)}\n`);
    heard.write(`UL1 nonsense\n`);
    heard.write(Uint8Array.from({ length: 2_000 }, (_, at) => at & 0xff));
    heard.write(`\n${LINE}\n`);
    await until('the line', () => heard.lines.length === 1);
    expect(heard.invalid).toBe(2);
  });
});
