// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadAgentConfig } from '../../src/index.js';

describe('configuration', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'undermesh-config-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const file = (text: string) => {
    const path = join(directory, 'undermesh.yaml');
    writeFileSync(path, text);
    return path;
  };
  const empty = () => file('agent: {}');

  it('has a default for everything', () => {
    const config = loadAgentConfig({ file: file('agent: { node: n1 }') });
    expect(config).toMatchObject({
      node: 'n1',
      instance: 'n1',
      cluster: 'default',
      cgroup: '/',
      collector: { url: 'ws://127.0.0.1:7070/ingest/v1' },
      listen: { host: '127.0.0.1', port: 7071 },
      ringBytes: 8 << 20,
      memoryBytes: 64 << 20,
      drain: { busy: 10, idle: 250 },
      lookInterval: 250,
      programStatistics: false,
      identity: [],
    });
  });

  it('reads file, then environment, then flags', () => {
    const config = loadAgentConfig({
      file: file('agent:\n  node: file\n  cluster: file\n  cgroup: /file\n'),
      env: {
        UNDERMESH_AGENT_CLUSTER: 'env',
        UNDERMESH_AGENT_CGROUP: '/env',
        UNDERMESH_AGENT_DRAIN_IDLE: '150',
      },
      flags: { cgroup: '/flag', 'listen.port': '7072' },
    });
    expect(config).toMatchObject({ node: 'file', cluster: 'env', cgroup: '/flag' });
    expect(config.drain.idle).toBe(150);
    expect(config.listen.port).toBe(7072);
  });

  it('makes a file name of the node', () => {
    expect(loadAgentConfig({ file: empty(), flags: { node: 'rack:1/n@2' } }).instance).toBe('rack-1-n-2');
  });

  it.each([
    ['https://mesh.example:7070', 'wss://mesh.example:7070/ingest/v1'],
    ['http://10.0.0.1:7070/', 'ws://10.0.0.1:7070/ingest/v1'],
    ['wss://mesh.example/below/ingest/v1', 'wss://mesh.example/below/ingest/v1'],
  ])('takes the address %s of a collector as %s', (given, url) => {
    const flags = { 'collector.url': given };
    expect(loadAgentConfig({ file: empty(), flags }).collector.url).toBe(url);
  });

  it.each([
    ['ringBytes', '5000000', 'agent.ringBytes is 5000000: set it to a power of two, e.g. 8388608'],
    ['ringBytes', '64', 'ringBytes'],
    ['drain.busy', '300', 'agent.drain.busy is 300: it may not exceed agent.drain.idle (250)'],
    ['collector.url', 'ftp://x', 'collector.url'],
    ['node', 'has blanks', 'agent.node'],
    ['listen.port', '70000', 'listen.port'],
    ['systemProcesses', 'x', 'Cannot use the configuration'],
    ['nonsense', '1', 'there is no setting agent.nonsense'],
  ])('refuses %s = %s', (key, value, message) => {
    const load = () => loadAgentConfig({ file: empty(), flags: { [key]: value } });
    expect(load).toThrow(expect.objectContaining({ code: 'config_invalid' }));
    expect(load).toThrow(message);
  });

  it('refuses a rule that names nothing', () => {
    const path = file('agent:\n  identity:\n    - cgroup: /shop/:namespace\n');
    expect(() => loadAgentConfig({ file: path })).toThrow(
      "The rule for '/shop/:namespace' names no workload",
    );
  });

  it('takes identity rules', () => {
    const path = file('agent:\n  identity:\n    - { cgroup: "/shop/:workload", namespace: shop }\n');
    expect(loadAgentConfig({ file: path }).identity).toEqual([
      { cgroup: '/shop/:workload', namespace: 'shop' },
    ]);
  });
});
