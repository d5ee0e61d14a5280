// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { setPipeSize } from '@undermesh/libbpf-ts';
import { describe, expect, it } from 'vitest';
import { LineNumbers } from '../../src/legs/line-numbers.js';
import type { RequestLine } from '../../src/waypoint/index.js';
import { until } from '../engine-bed.js';
import {
  canRun,
  meshOf,
  newRunner,
  ofService,
  PROXY_PORT,
  proxyHeader,
  routeManifest,
  serviceManifest,
  temporaryDirectory,
  vipOf,
  WAYPOINT,
  waypointDirectory,
} from './bed.js';

/** Asks so often on one connection, and waits for all answers. */
const ASK = `
const [port, host, header, count] = JSON.parse(process.argv[1]);
const socket = require('node:net').connect(port, host);
let heard = '';
socket.on('data', (part) => {
  heard += part;
  if (heard.split('HTTP/1.1 302').length > count) process.exit(0);
});
socket.write(Buffer.from(header, 'hex'));
socket.write('GET /moved HTTP/1.1\\r\\nHost: s1\\r\\n\\r\\n'.repeat(count));`;

describe.skipIf(!canRun)('a pipe that is full', { timeout: 30_000 }, () => {
  it('slows nobody down, and what it could not hold is known by number', async () => {
    const directory = temporaryDirectory();
    const numbers = new LineNumbers();
    const lines: RequestLine[] = [];
    const runner = newRunner({
      directory,
      requests: {
        line: (line) => {
          lines.push(line);
          numbers.note(line.worker, line.number, performance.now());
        },
        invalid: () => expect.fail('a line that cannot be read'),
      },
    });
    const redirect = `  rules:
    - matches: [{ path: { value: /moved } }]
      filters: [{ type: RequestRedirect, requestRedirect: { path: { type: ReplaceFullPath, replaceFullPath: / } } }]
`;
    await runner.apply(await meshOf(serviceManifest(1, []), routeManifest('r', ofService(1), redirect)));
    expect(runner.states[0]?.problem).toBeNull();
    const fd = openSync(
      join(waypointDirectory(directory), 'requests'),
      constants.O_RDWR | constants.O_NONBLOCK,
    );
    setPipeSize(fd, 4096);
    closeSync(fd);
    // Nobody reads while this waits.
    const ask = (count: number): void => {
      const header = proxyHeader(vipOf(1), 80).toString('hex');
      const order = JSON.stringify([PROXY_PORT, WAYPOINT, header, count]);
      execFileSync(process.execPath, ['-e', ASK, order], { timeout: 10_000 });
    };
    ask(1);
    await until('the first line', () => lines.length === 1);
    ask(200);
    await until('what the pipe held', () => lines.length > 20);
    ask(1);
    await until('the last line', () => lines.at(-1)?.request === 1);
    numbers.settle(performance.now() + 10_000);
    expect(lines.length).toBeLessThan(202);
    expect(lines.length + numbers.lost).toBe(202);
  });
});
