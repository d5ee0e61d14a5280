// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { configKeys, loadConfig } from '../src/index.js';

const schema = Type.Object(
  {
    listen: Type.Object(
      {
        port: Type.Integer({ minimum: 0, maximum: 65535, default: 7070 }),
        address: Type.String({ default: '::1' }),
      },
      { default: {}, additionalProperties: false },
    ),
    auth: Type.Object(
      { read: Type.Enum(['open', 'token'], { default: 'open' }) },
      { default: {}, additionalProperties: false },
    ),
    hosts: Type.Array(Type.String(), { default: [] }),
    otelRecords: Type.Boolean({ default: false }),
  },
  { additionalProperties: false },
);

function fileOf(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'undermesh-config-')), 'undermesh.yaml');
  writeFileSync(path, text);
  return path;
}

const load = (text: string, env: Record<string, string> = {}, flags: Record<string, string> = {}) =>
  loadConfig({ section: 'collector', schema, file: fileOf(text), env, flags });

describe('loadConfig', () => {
  it('fills in defaults', () => {
    expect(load('')).toEqual({
      listen: { port: 7070, address: '::1' },
      auth: { read: 'open' },
      hosts: [],
      otelRecords: false,
    });
  });

  it('takes flags over the environment over the file', () => {
    const text = 'collector:\n  listen: { port: 1 }\n  auth: { read: token }\n';
    const env = {
      UNDERMESH_COLLECTOR_LISTEN_PORT: '2',
      UNDERMESH_COLLECTOR_HOSTS: 'a, b',
      UNDERMESH_COLLECTOR_OTEL_RECORDS: 'true',
    };
    expect(load(text, env, { 'listen.port': '3' })).toEqual({
      listen: { port: 3, address: '::1' },
      auth: { read: 'token' },
      hosts: ['a', 'b'],
      otelRecords: true,
    });
  });

  it.each([
    [
      'collector:\n  auth: { read: x }\n',
      {},
      /collector\.auth\.read in .*undermesh\.yaml is "x": set it to one of open, token/,
    ],
    [
      'collector:\n  lisen: {}\n',
      {},
      /collector\.lisen in .*undermesh\.yaml is no setting.*Known: listen\.port/,
    ],
    [
      '',
      { UNDERMESH_COLLECTOR_LISTEN_PORT: 'x' },
      /environment variable UNDERMESH_COLLECTOR_LISTEN_PORT is "x": set it to a whole number/,
    ],
    ['', { UNDERMESH_COLLECTOR_LISTN: 'x' }, /UNDERMESH_COLLECTOR_LISTN is no setting/],
    ['a: [', {}, /is not YAML/],
    ['collector: 3', {}, /must hold settings/],
  ])('names place, key and mend: %j %j', (text, env, message) => {
    expect(() => load(text, env)).toThrow(message);
  });

  it('names a file that is not there', () => {
    expect(() => loadConfig({ section: 'collector', schema, file: '/nowhere/x.yaml', env: {} })).toThrow(
      /\/nowhere\/x\.yaml cannot be read/,
    );
  });

  it('passes over the variables that Kubernetes makes for a Service of our name', () => {
    const env = {
      UNDERMESH_COLLECTOR_SERVICE_HOST: '10.0.0.1',
      UNDERMESH_COLLECTOR_PORT: 'tcp://10.0.0.1:7070',
      UNDERMESH_COLLECTOR_PORT_7070_TCP_ADDR: '10.0.0.1',
    };
    expect(load('', env).listen.port).toBe(7070);
  });

  it('lists its keys for the documentation', () => {
    expect(configKeys('collector', schema).map((key) => key.env)).toContain('UNDERMESH_COLLECTOR_AUTH_READ');
  });
});
