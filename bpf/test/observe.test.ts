// SPDX-License-Identifier: Apache-2.0
import {
  AddressFamily,
  CloseReason,
  type ConnectionRecordValue,
  RecordEvent,
  RecordFlag,
  Reporter,
} from '@undermesh/bpf-abi';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { attachRude, compileFixture, isRoot, Observed, Scenario, sleep, TestCgroup } from './observed.js';

describe.skipIf(!isRoot)('observe.bpf.o (needs root and cgroup v2)', () => {
  let program: ReturnType<typeof compileFixture>;
  let cgroup: TestCgroup;
  let observed: Observed | undefined;

  beforeAll(() => {
    program = compileFixture('scenario');
  });
  afterAll(() => program.remove());
  beforeEach(() => {
    cgroup = new TestCgroup();
  });
  afterEach(async () => {
    observed?.close();
    observed = undefined;
    await sleep(20);
    cgroup.remove();
  });

  const start = (...args: (string | number)[]) => new Scenario(program.path, cgroup, args);
  const observe = () => {
    observed = new Observed(cgroup);
    return observed;
  };
  /** The one record of each end. */
  const ends = (records: ConnectionRecordValue[]) => {
    const over = records.filter((r) => r.event === RecordEvent.CLOSED || r.event === RecordEvent.FAILED);
    const source = over.filter((r) => r.reporter === Reporter.SOURCE);
    const destination = over.filter((r) => r.reporter === Reporter.DESTINATION);
    return { over, source: source[0], destination: destination[0] };
  };

  for (const [name, family] of [
    ['plain', AddressFamily.IPV4],
    ['plain-v6', AddressFamily.IPV6],
    ['mapped', AddressFamily.V4_MAPPED],
  ] as const) {
    it(`records both ends of a connection, to the byte: ${name}`, async () => {
      const kernel = observe();
      const { client, server, pid } = await start(name, 123_456, 3_000_001).ended();
      const { over, source, destination } = ends(kernel.records());
      expect(over).toHaveLength(2);
      expect(source).toMatchObject({
        event: RecordEvent.CLOSED,
        reason: CloseReason.LOCAL_FIN,
        flags: RecordFlag.ESTABLISHED,
        family,
        sentBytes: 123_456n,
        receivedBytes: 3_000_001n,
        localPort: client,
        peerPort: server,
        originalPort: server,
        pid,
        process: 'scenario',
      });
      expect(destination).toMatchObject({
        event: RecordEvent.CLOSED,
        reason: CloseReason.PEER_FIN,
        sentBytes: 3_000_001n,
        receivedBytes: 123_456n,
        localPort: server,
        peerPort: client,
        pid,
        process: 'scenario',
      });
      expect(source?.clientIsn).toBe(destination?.clientIsn);
      expect(source?.serverIsn).toBe(destination?.serverIsn);
      expect(source?.clientIsn).not.toBe(source?.serverIsn);
      expect(source?.connectUs).toBeGreaterThan(0);
      expect(source?.cgroupId).toBe(destination?.cgroupId);
      expect(source?.netnsCookie).toBe(destination?.netnsCookie);
      expect(source?.socketCookie).not.toBe(destination?.socketCookie);
      const local = Buffer.from(source?.localAddress ?? []).toString('hex');
      expect(local).toBe(family === AddressFamily.IPV6 ? `${'0'.repeat(31)}1` : `7f000001${'0'.repeat(24)}`);
    });
  }

  it.each([
    ['refused', CloseReason.REFUSED],
    ['timed-out', CloseReason.CONNECT_TIMED_OUT],
    ['aborted', CloseReason.CONNECT_ABORTED],
  ] as const)('records a connect that failed: %s', async (name, reason) => {
    const kernel = observe();
    const { server } = await start(name).ended();
    const failed = kernel.records().filter((r) => r.event === RecordEvent.FAILED);
    expect(failed).toHaveLength(1);
    expect(failed[0]).toMatchObject({
      reason,
      reporter: Reporter.SOURCE,
      peerPort: server,
      process: 'scenario',
    });
    expect(failed[0]?.serverIsn).toBe(0);
    expect(failed[0]?.sentBytes).toBe(0n);
  });

  it('tells who closed first when the server did', async () => {
    const kernel = observe();
    await start('server-first', 10, 20).ended();
    const { source, destination } = ends(kernel.records());
    expect(source).toMatchObject({ reason: CloseReason.PEER_FIN, sentBytes: 10n, receivedBytes: 20n });
    expect(destination).toMatchObject({ reason: CloseReason.LOCAL_FIN, sentBytes: 20n, receivedBytes: 10n });
  });

  it.each([
    ['reset', CloseReason.LOCAL_RESET, CloseReason.PEER_RESET],
    ['unread', CloseReason.PEER_RESET, CloseReason.LOCAL_RESET],
  ] as const)('records a connection killed by RST: %s', async (name, atSource, atDestination) => {
    const kernel = observe();
    await start(name, 10, 20).ended();
    const { over, source, destination } = ends(kernel.records());
    expect(over).toHaveLength(2);
    expect(source?.reason).toBe(atSource);
    expect(destination?.reason).toBe(atDestination);
    expect(source?.receivedBytes).toBe(20n);
  });

  it('records a connection whose process is gone before its record is read', async () => {
    const kernel = observe();
    const { pid } = await start('exit', 10, 20).ended();
    await sleep(50);
    const { over, source } = ends(kernel.records());
    expect(over).toHaveLength(2);
    expect(source).toMatchObject({ pid, process: 'scenario', sentBytes: 10n, receivedBytes: 20n });
    expect([...kernel.object.map('cgroup_names').entries()].length).toBe(1);
  });

  it('attributes a connection that a child goes on with to the process that connected', async () => {
    const kernel = observe();
    const { pid } = await start('fork', 10, 20).ended();
    for (let i = 0; i < 50 && kernel.totals().endsEmitted < 2n; i++) await sleep(20);
    const { over, source } = ends(kernel.records());
    expect(over).toHaveLength(2);
    expect(source).toMatchObject({ pid, process: 'scenario', sentBytes: 20n });
  });

  it('announces what is open, reports progress, and marks the end as announced', async () => {
    const kernel = observe();
    const scenario = start('held', 1000, 2000);
    const { client } = await scenario.ports();
    await sleep(30);
    kernel.look();
    const opened = kernel.records();
    expect(opened.map((r) => r.event)).toEqual([RecordEvent.OPENED, RecordEvent.OPENED]);
    expect(opened.find((r) => r.localPort === client)).toMatchObject({
      sentBytes: 1000n,
      receivedBytes: 2000n,
    });
    kernel.look();
    expect(kernel.records()).toEqual([]);
    scenario.go();
    await sleep(250);
    kernel.look();
    const progress = kernel.records();
    expect(progress.map((r) => r.event)).toEqual([RecordEvent.PROGRESS, RecordEvent.PROGRESS]);
    expect(progress.find((r) => r.localPort === client)).toMatchObject({
      sentBytes: 2000n,
      receivedBytes: 4000n,
    });
    scenario.go();
    await scenario.ended();
    const { over } = ends(kernel.records());
    expect(over.map((r) => r.flags & RecordFlag.ANNOUNCED)).toEqual([
      RecordFlag.ANNOUNCED,
      RecordFlag.ANNOUNCED,
    ]);
  });

  it('takes up a connection that is older than the agent', async () => {
    const scenario = start('held', 1000, 2000);
    const { client, server, pid } = await scenario.ports();
    await sleep(30);
    const kernel = observe();
    kernel.adopt();
    kernel.look();
    const opened = kernel.records();
    expect(opened).toHaveLength(2);
    const source = opened.find((r) => r.localPort === client);
    const destination = opened.find((r) => r.localPort === server);
    expect(source).toMatchObject({ reporter: Reporter.SOURCE, pid, process: 'scenario', sentBytes: 1000n });
    expect(destination).toMatchObject({ reporter: Reporter.DESTINATION, pid, process: 'scenario' });
    expect((source?.flags ?? 0) & RecordFlag.ADOPTED).toBe(RecordFlag.ADOPTED);
    expect(source?.clientIsn).toBe(destination?.clientIsn);
    expect(source?.serverIsn).toBe(destination?.serverIsn);
    scenario.go();
    scenario.go();
    await scenario.ended();
    const over = ends(kernel.records());
    expect(over.over).toHaveLength(2);
    expect(over.source).toMatchObject({
      sentBytes: 2000n,
      receivedBytes: 4000n,
      clientIsn: source?.clientIsn,
    });
  });

  it('records an older connection even when nobody took it up', async () => {
    const scenario = start('held', 1000, 2000);
    await scenario.ports();
    await sleep(30);
    const kernel = observe();
    scenario.go();
    scenario.go();
    await scenario.ended();
    const { over, source, destination } = ends(kernel.records());
    expect(over).toHaveLength(2);
    expect(over.every((r) => (r.flags & RecordFlag.ADOPTED) !== 0)).toBe(true);
    expect(source?.clientIsn).toBe(destination?.clientIsn);
    expect(over.map((r) => r.sentBytes).sort()).toEqual([2000n, 4000n]);
  });

  it('marks a half-closed connection as such and counts what flows on', async () => {
    const kernel = observe();
    const scenario = start('half-closed', 10, 2000);
    const { client } = await scenario.ports();
    await sleep(50);
    kernel.look();
    const opened = kernel.records();
    expect(opened.every((r) => (r.flags & RecordFlag.HALF_CLOSED) !== 0)).toBe(true);
    expect(opened.find((r) => r.localPort !== client)?.receivedBytes).toBe(10n);
    scenario.go();
    await scenario.ended();
    const { source, destination } = ends(kernel.records());
    expect(source).toMatchObject({ sentBytes: 10n, receivedBytes: 4000n, reason: CloseReason.LOCAL_FIN });
    expect(destination).toMatchObject({ sentBytes: 4000n, receivedBytes: 10n, reason: CloseReason.PEER_FIN });
  });

  it('leaves a connection to the agent nearest to it', async () => {
    const outer = new Observed(cgroup, { owner: 1 });
    const within = new TestCgroup(cgroup);
    const inner = new Observed(within, { owner: 2, ownerMap: outer.object });
    try {
      await new Scenario(program.path, within, ['plain', 10, 20]).ended();
      expect(ends(inner.records()).over).toHaveLength(2);
      expect(outer.records()).toEqual([]);
      await start('plain', 10, 20).ended();
      expect(ends(outer.records()).over).toHaveLength(2);
      expect(inner.records()).toEqual([]);
    } finally {
      inner.close();
      outer.close();
      await sleep(20);
      within.remove();
    }
  });

  it('is not disturbed by another program that overwrites the callback flags of the same sockets', async () => {
    const kernel = observe();
    const other = attachRude(cgroup);
    await start('plain', 10, 20).ended();
    other.close();
    expect(ends(kernel.records()).over).toHaveLength(2);
  });

  it('sees nothing of other cgroups', async () => {
    const kernel = observe();
    const elsewhere = new TestCgroup();
    await new Scenario(program.path, elsewhere, ['plain', 10, 20]).ended();
    expect(kernel.records()).toEqual([]);
    await sleep(20);
    elsewhere.remove();
  });

  it('counts what a full ring could not take: made = written + lost', async () => {
    observed = new Observed(cgroup, { ringBytes: 4096 });
    for (let i = 0; i < 20; i++) await start('plain', 1, 1).ended();
    const totals = observed.totals();
    const written = observed.records().length;
    expect(totals.endsEmitted).toBe(BigInt(written));
    expect(totals.endsEmitted + totals.endsLostRingFull).toBe(40n);
    expect(totals.endsLostRingFull).toBeGreaterThan(0n);
    expect(totals.connects).toBe(20n);
    expect(totals.establishedDestination).toBe(20n);
  });
});
