// SPDX-License-Identifier: Apache-2.0
import { Reporter } from '@undermesh/bpf-abi';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CgroupTail } from '../../src/identity/cgroup-paths.js';
import { Identity, type IdentityOptions } from '../../src/identity/identity.js';
import { Workloads } from '../../src/identity/workloads.js';
import { FixtureHost, recordWords } from './fixture-host.js';

const SECOND = 1e9;
const TICK = 1e7;
const CONTAINER = 'ab12'.repeat(16);

describe('identity', () => {
  let host: FixtureHost;
  let tails: Map<number, CgroupTail>;

  beforeEach(() => {
    host = new FixtureHost();
    tails = new Map();
  });
  afterEach(() => host.remove());

  const make = (options: Partial<IdentityOptions> = {}) =>
    new Identity(new Workloads(), {
      rules: [],
      systemCgroups: [],
      mount: host.mount,
      scope: '/',
      tail: (cgroupId) => tails.get(cgroupId),
      processes: host.processes,
      ...options,
    });
  /** Name and kind of the workload of one record. */
  const whose = (identity: Identity, fields: Parameters<typeof recordWords>[0], nowNs = 100 * SECOND) => {
    const entry = identity.workloads.get(identity.ofRecord(recordWords(fields), 0, nowNs));
    return entry && [entry.namespace, entry.name, entry.kind];
  };

  it('prefers a rule, then the unit, then the container, then the process', () => {
    const paths = {
      rule: '/shop/reviews.service',
      unit: '/system.slice/nginx.service',
      container: `/system.slice/docker.service/docker/${CONTAINER}`,
      process: '/elsewhere',
    };
    const ids = new Map(Object.entries(paths).map(([name, path]) => [name, host.cgroup(path)]));
    const identity = make({ rules: [{ cgroup: '/shop/:workload.service', namespace: 'shop' }] });
    const of = (name: string) => whose(identity, { cgroupId: ids.get(name) ?? 0, pid: 0, process: 'node' });
    expect(of('rule')).toEqual(['shop', 'reviews', 'configured']);
    expect(of('unit')).toEqual(['host', 'nginx', 'unit']);
    expect(of('container')).toEqual(['host', CONTAINER.slice(0, 12), 'container']);
    expect(of('process')).toEqual(['host', 'node', 'process']);
  });

  it('finds cgroups that came later', async () => {
    const identity = make();
    const first = host.cgroup('/system.slice/a.service');
    expect(whose(identity, { cgroupId: first, pid: 7, process: 'a' })).toEqual(['host', 'a', 'unit']);
    const second = host.cgroup(`/docker/${CONTAINER}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(whose(identity, { cgroupId: second, pid: 8, process: 'sh' })?.[2]).toBe('container');
  });

  it('finds a new cgroup at once by a process that lives in it', () => {
    const identity = make();
    whose(identity, { cgroupId: host.cgroup('/x'), pid: 0, process: 'x' });
    const cgroupId = host.cgroup('/system.slice/late.service');
    host.begin(9, { comm: 'late', startTicks: 1, cgroup: '0::/system.slice/late.service\n' });
    expect(whose(identity, { cgroupId, pid: 9, process: 'late' })).toEqual(['host', 'late', 'unit']);
  });

  it('does not believe the cgroup of a process that has moved', () => {
    const identity = make();
    whose(identity, { cgroupId: host.cgroup('/x'), pid: 0, process: 'x' });
    host.cgroup('/system.slice/now.service');
    host.begin(9, { comm: 'mover', startTicks: 1, cgroup: '0::/system.slice/now.service\n' });
    const before = host.cgroup('/elsewhere');
    expect(whose(identity, { cgroupId: before, pid: 9, process: 'mover' })).toEqual([
      'host',
      'mover',
      'process',
    ]);
  });

  it('names a cgroup that is gone: what was seen before, or what the kernel kept', () => {
    const rules = [{ cgroup: '/bookshop/:node/:namespace/:workload@:version' }];
    const identity = make({ rules, scope: '/bookshop/n1' });
    const seen = host.cgroup('/bookshop/n1/shop/seen@v1');
    host.cgroup('/bookshop/n1/shop/other@v1');
    expect(whose(identity, { cgroupId: seen, pid: 1, process: 'x' })).toEqual(['shop', 'seen', 'configured']);
    host.removeCgroup('/bookshop/n1/shop/seen@v1');
    expect(whose(identity, { cgroupId: seen, pid: 1, process: 'x' })).toEqual(['shop', 'seen', 'configured']);
    tails.set(4_000_000_001, { parent: 'shop', name: 'brief@v3' });
    expect(whose(identity, { cgroupId: 4_000_000_001, pid: 1, process: 'x' })).toEqual([
      'shop',
      'brief',
      'configured',
    ]);
    tails.set(4_000_000_002, { parent: 'gone', name: 'both@v3' });
    expect(whose(identity, { cgroupId: 4_000_000_002, pid: 1, process: 'x' })?.[1]).toBe('both');
  });

  it('finds units of hosts with both cgroup versions in the first one', () => {
    const identity = make();
    const cgroupId = host.cgroup('/');
    const cgroup = '9:name=systemd:/system.slice/cron.service\n4:memory:/process_api/1234\n0::/\n';
    host.begin(11, { comm: 'cron', startTicks: 100, cgroup });
    const openedNs = 50 * SECOND;
    expect(whose(identity, { cgroupId, pid: 11, process: 'cron', openedNs })).toEqual([
      'host',
      'cron',
      'unit',
    ]);
    const docker = `5:devices:/docker/${CONTAINER}\n9:name=systemd:/\n0::/\n`;
    host.begin(12, { comm: 'sh', startTicks: 100, cgroup: docker });
    expect(whose(identity, { cgroupId, pid: 12, process: 'sh', openedNs })?.[2]).toBe('container');
  });

  it('names interpreters after their script while they live, and keeps the name', () => {
    const identity = make();
    const cgroupId = host.cgroup('/');
    host.begin(20, { comm: 'node', startTicks: 100, argv: ['node', '/srv/shop/reviews/index.js'] });
    const record = { cgroupId, pid: 20, process: 'node', openedNs: 2 * SECOND };
    expect(whose(identity, record)?.[1]).toBe('reviews');
    host.end(20);
    expect(whose(identity, record)?.[1]).toBe('reviews');
    expect(whose(identity, { ...record, pid: 21 })?.[1]).toBe('node');
  });

  it('is not fooled by a pid that is used again', () => {
    const identity = make();
    const cgroupId = host.cgroup('/');
    const record = { cgroupId, pid: 30, process: 'node' };
    host.begin(30, { comm: 'node', startTicks: 100, argv: ['node', '/srv/one.js'] });
    expect(whose(identity, { ...record, openedNs: 5 * SECOND }, 5 * SECOND)?.[1]).toBe('one');
    host.begin(30, { comm: 'node', startTicks: 1000, argv: ['node', '/srv/two.js'] });
    // Opened by the second one: it had started then.
    expect(whose(identity, { ...record, openedNs: 11 * SECOND }, 12 * SECOND)?.[1]).toBe('two');
    // A late record of the first one still is the first one's.
    expect(whose(identity, { ...record, openedNs: 4 * SECOND }, 13 * SECOND)?.[1]).toBe('one');
    // Opened before the second one started, after the first one was last seen alive: the first one's.
    expect(whose(identity, { ...record, openedNs: 9 * SECOND }, 14 * SECOND)?.[1]).toBe('one');
    expect(whose(identity, { ...record, openedNs: 11.5 * SECOND }, 14 * SECOND)?.[1]).toBe('two');
  });

  it('does not give a dead process connections that were opened after it was found dead', () => {
    const identity = make();
    const cgroupId = host.cgroup('/');
    const record = { cgroupId, pid: 31, process: 'node' };
    host.begin(31, { comm: 'node', startTicks: 100, argv: ['node', '/srv/one.js'] });
    expect(whose(identity, { ...record, openedNs: 5 * SECOND }, 5 * SECOND)?.[1]).toBe('one');
    host.end(31);
    expect(whose(identity, { ...record, openedNs: 6 * SECOND }, 7 * SECOND)?.[1]).toBe('one');
    expect(whose(identity, { ...record, openedNs: 8 * SECOND }, 9 * SECOND)?.[1]).toBe('node');
    // What it listened on, its children go on serving.
    const accepted = { ...record, openedNs: 8 * SECOND, reporter: Reporter.DESTINATION };
    expect(whose(identity, { ...accepted, pid: 32 }, 9 * SECOND)?.[1]).toBe('node');
  });

  it('asks a process for its name once, not per connection', () => {
    const identity = make();
    const cgroupId = host.cgroup('/');
    host.begin(40, { comm: 'node', startTicks: 100, argv: ['node', '/srv/one.js'] });
    const name = (openedNs: number, nowNs: number) =>
      whose(identity, { cgroupId, pid: 40, process: 'node', openedNs }, nowNs)?.[1];
    expect(name(5 * SECOND, 5 * SECOND)).toBe('one');
    host.begin(40, { comm: 'node', startTicks: 100, argv: ['node', '/srv/other.js'] });
    expect(name(6 * SECOND, 6 * SECOND)).toBe('one');
    expect(name(6 * SECOND + 3 * TICK, 6 * SECOND + 3 * TICK)).toBe('one');
  });

  it('marks what is ours', () => {
    const identity = make({ systemCgroups: ['/undermesh'] });
    identity.addSystemProcess(50, 'undermesh-agent');
    const root = host.cgroup('/');
    const inside = host.cgroup('/undermesh/collector');
    const service = host.cgroup('/system.slice/undermesh-collector.service');
    const entry = (fields: Parameters<typeof recordWords>[0]) =>
      identity.workloads.get(identity.ofRecord(recordWords(fields), 0, SECOND));
    expect(entry({ cgroupId: root, pid: 50, process: 'node' })).toMatchObject({
      namespace: 'undermesh',
      name: 'undermesh-agent',
      system: true,
    });
    expect(entry({ cgroupId: service, pid: 51, process: 'node' })).toMatchObject({
      namespace: 'undermesh',
      name: 'undermesh-collector',
      system: true,
    });
    host.begin(52, { comm: 'helper', startTicks: 0, cgroup: '0::/undermesh/collector\n' });
    expect(entry({ cgroupId: inside, pid: 52, process: 'helper' })).toMatchObject({ system: true });
    identity.removeSystemProcess(50);
    expect(entry({ cgroupId: root, pid: 50, process: 'node' })).toMatchObject({ system: false });
  });

  it('says unknown when there is nothing to go by', () => {
    expect(whose(make(), { cgroupId: 77, pid: 0, process: '' })).toEqual(['host', 'unknown', 'unknown']);
  });

  it('gives a workload one id, however often it is met', () => {
    const identity = make();
    const cgroupId = host.cgroup('/system.slice/a.service');
    const ids = [1, 2, 3].map((pid) => identity.ofRecord(recordWords({ cgroupId, pid, process: 'x' }), 0, 0));
    expect(new Set(ids).size).toBe(1);
    expect(identity.workloads.takeNew().map(({ name }) => name)).toEqual(['unknown', 'a']);
    expect(identity.workloads.takeNew()).toEqual([]);
  });
});
