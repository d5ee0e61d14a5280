// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { accessOf } from '../../src/api/access.js';
import { Client } from '../../src/api/client.js';
import { exitStatusOf } from '../../src/errors.js';
import { status } from '../fixtures.js';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Something that listens where a collector should, and the client that asks it. */
async function clientOf(answer: RequestListener, token?: string): Promise<Client> {
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return new Client(
    accessOf({ collector: `http://127.0.0.1:${port}/mesh`, environment: { UNDERMESH_TOKEN: token } }),
  );
}

const thrownBy = (promise: Promise<unknown>): Promise<{ code: string; message: string }> =>
  promise.then(
    () => {
      throw new Error('nothing was thrown');
    },
    (error) => error,
  );

describe('the client', () => {
  it('asks below the address that it is given, with the token as bearer', async () => {
    const seen: unknown[] = [];
    const client = await clientOf(({ url, headers }, response) => {
      seen.push([url, headers.authorization]);
      response.end(JSON.stringify(status()));
    }, ' umt_secret\n');
    expect(await client.get('status', { window: 60, level: undefined })).toEqual(status());
    expect(seen).toEqual([['/mesh/api/v1/status?window=60', 'Bearer umt_secret']]);
  });

  it('sends no token where there is none', async () => {
    const client = await clientOf(({ headers }, response) => {
      expect(headers.authorization).toBeUndefined();
      response.end(JSON.stringify(status()));
    }, '');
    await client.get('status');
  });

  it.each([
    ['text', 200, 'hello', 'answered something that is not JSON'],
    ['another shape', 200, '{"items":1}', 'The answer to /api/v1/status is not what it should be'],
    ['an error without a reason', 502, '<html>', 'answered HTTP 502 without a reason'],
  ])('takes no %s for an answer', async (_what, code, body, message) => {
    const client = await clientOf((_request, response) => void response.writeHead(code).end(body));
    const error = await thrownBy(client.get('status'));
    expect(error).toMatchObject({ code: 'answer_invalid', message: expect.stringContaining(message) });
    expect(error.message).toContain('Check that --collector is the address of a collector');
  });

  it('follows no redirect, which could take the token elsewhere', async () => {
    const client = await clientOf((_request, response) => {
      response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end();
    }, 'umt_secret');
    expect(await thrownBy(client.get('status'))).toMatchObject({ code: 'unreachable' });
  });

  it('passes on what the collector says, and what to do', async () => {
    const problem = {
      type: 'urn:x',
      title: 'An operator token is required',
      status: 401,
      code: 'token_required',
    };
    const client = await clientOf((_request, response) => {
      response.writeHead(401, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
    });
    expect(await thrownBy(client.get('status'))).toMatchObject({
      code: 'token_required',
      message:
        'The collector says: An operator token is required. Pass the operator token: --token-file FILE, or UNDERMESH_TOKEN.',
    });
  });

  it('says when an answer is cut off', async () => {
    const client = await clientOf((_request, response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('{"version":');
      setTimeout(() => response.destroy(), 20);
    });
    expect(await thrownBy(client.get('status'))).toMatchObject({ code: 'unreachable' });
  });

  it('stops when it is told to', async () => {
    const client = await clientOf(() => {});
    const asked = client.get('status', {}, AbortSignal.timeout(20));
    expect(await thrownBy(asked)).toMatchObject({ name: 'TimeoutError' });
  });
});

describe('address and token', () => {
  it.each(['127.0.0.1:7070', 'localhost', 'ftp://host', 'http://', 'ws://host:1'])(
    'takes no %s for an address',
    (collector) => {
      expect(() => accessOf({ collector, environment: {} })).toThrow('write http://HOST:PORT');
    },
  );

  it('takes no password in the address', () => {
    expect(() => accessOf({ collector: 'http://a:b@host', environment: {} })).toThrow('no user and password');
  });

  it('prefers flags over the environment, and has a default', () => {
    const environment = { UNDERMESH_COLLECTOR: 'https://mesh.example', UNDERMESH_TOKEN: 'umt_environment' };
    const directory = mkdtempSync(join(tmpdir(), 'undermesh-cli-'));
    const tokenFile = join(directory, 'token');
    writeFileSync(tokenFile, 'UNDERMESH_TOKEN=umt_file\n');
    expect(accessOf({ environment: {} }).url.href).toBe('http://127.0.0.1:7070/');
    expect(accessOf({ environment })).toMatchObject({ token: 'umt_environment' });
    expect(accessOf({ environment }).url.href).toBe('https://mesh.example/');
    expect(accessOf({ environment, tokenFile, collector: 'http://[::1]:7070' })).toMatchObject({
      token: 'umt_file',
    });
    writeFileSync(tokenFile, '\n');
    expect(() => accessOf({ environment, tokenFile })).toThrow('is empty');
    rmSync(directory, { recursive: true });
  });

  it.each([
    [{ tokenFile: '/nowhere/token', environment: {} }, 'Cannot read the token'],
    [{ environment: { UNDERMESH_TOKEN: 'a\nb' } }, 'holds characters that no token has'],
  ])('takes no bad token, and never prints it', (options, message) => {
    let error: unknown;
    try {
      accessOf(options);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'token_unreadable', message: expect.stringContaining(message) });
    expect((error as Error).message).not.toContain('a\nb');
    expect(exitStatusOf(error)).toBe(2);
  });
});
