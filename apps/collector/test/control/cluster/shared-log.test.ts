// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setLogLevel } from '@undermesh/core';
import { describe, expect, it } from 'vitest';
import type { ApiServer } from '../../../../../packages/mesh/test/cluster/api-server.js';
import type { SharedLog } from '../../../src/control/cluster/shared-log.js';
import { eventually } from '../../support/collector.js';
import { chunkOf, edit, leaseOf, NAME, sharedLog, startedServer, textOf } from './bed.js';

setLogLevel('fatal');

const DOCUMENT = fileURLToPath(new URL('../../../../../docs/kubernetes.md', import.meta.url));

interface Reader {
  readonly log: SharedLog;
  /** What it was told, all of it. */
  values: unknown[];
}

async function opened(server: ApiServer, identity: string): Promise<Reader> {
  const reader: Reader = { log: await sharedLog(server, identity), values: [] };
  await reader.log.open(
    {
      replaced: (values) => {
        reader.values = [...values];
      },
      appended: (values) => reader.values.push(...values),
      broken: ({ detail, values, missing }) => ({ kind: 'log_broken', detail, kept: values.length, missing }),
    },
    5_000,
  );
  return reader;
}

const write = ({ log }: Reader, ...values: object[]): Promise<void> =>
  log.exclusively(() => log.append(values));
const has = (reader: Reader, values: unknown[]): Promise<void> =>
  eventually(() => expect(reader.values).toEqual(values));
/** ConfigMaps that were made: parts of the log, and what was set aside. */
const created = (server: ApiServer): number =>
  server.asked.filter(({ method, plural }) => method === 'POST' && plural === 'configmaps').length;

describe('a change log that collectors share', { timeout: 60_000 }, () => {
  it('is one chain, whoever writes, and everybody is told of all of it', async () => {
    const server = await startedServer();
    const [one, other] = [await opened(server, 'one'), await opened(server, 'other')];
    await write(one, { n: 1 }, { n: 2 });
    await write(other, { n: 3 });
    await write(one, { n: 4 });
    const all = [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }];
    await has(one, all);
    await has(other, all);
    await has(await opened(server, 'third'), all);
    expect(textOf(chunkOf(server)).split('\n')).toHaveLength(5);
  });

  it('has the Lease handed on to who asks, at once, and not while it is written', async () => {
    const server = await startedServer();
    const [one, other] = [await opened(server, 'one'), await opened(server, 'other')];
    const order: string[] = [];
    let asked: Promise<void> = Promise.resolve();
    await one.log.exclusively(async () => {
      asked = other.log.exclusively(async () => {
        order.push('other');
        await other.log.append([{ n: 2 }]);
      });
      await eventually(() => expect(JSON.stringify(leaseOf(server).metadata)).toContain('"other"'));
      await one.log.append([{ n: 1 }]);
      order.push('one');
    });
    await asked;
    expect(order).toEqual(['one', 'other']);
    expect([one.log.lease.isHeld, other.log.lease.isHeld]).toEqual([false, true]);
    expect(other.values).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('is written by many at once without a line lost or twice', async () => {
    const server = await startedServer();
    const readers = await Promise.all(['a', 'b', 'c'].map((name) => opened(server, name)));
    const writes = readers.flatMap((reader, of) =>
      Array.from({ length: 6 }, async (_, i) => {
        for (let turn = 0; turn < 40; turn++) {
          try {
            await write(reader, { of, i });
            return;
          } catch {
            // Another held it for too long, or was faster: asked again, as orders are.
          }
        }
        throw new Error('never written');
      }),
    );
    await Promise.all(writes);
    const third = await opened(server, 'late');
    expect(third.values).toHaveLength(18);
    expect(new Set(third.values.map((value) => JSON.stringify(value))).size).toBe(18);
    for (const reader of readers) await has(reader, third.values);
  });

  it('is not written by who lost the Lease', async () => {
    const server = await startedServer();
    const one = await opened(server, 'one');
    await write(one, { n: 1 });
    await one.log.exclusively(async () => {
      const lease = leaseOf(server);
      server.apply({ ...lease, spec: { ...(lease.spec as object), holderIdentity: 'thief' } });
      await eventually(() => expect(one.log.lease.isHeld).toBe(false));
      await expect(one.log.append([{ n: 2 }])).rejects.toMatchObject({ code: 'change_not_written' });
    });
    expect(textOf(chunkOf(server))).not.toContain('"n":2');
  });

  it('is not written by who lost the Lease and has not heard of that: the version that it replaces is an old one', async () => {
    const server = await startedServer();
    const [one, other] = [await opened(server, 'one'), await opened(server, 'other')];
    await write(one, { n: 1 });
    await has(other, [{ n: 1 }]);
    let attempt: Promise<void> = Promise.resolve();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await one.log.exclusively(async () => {
      // What it sends is on its way for long: meanwhile others give it up for dead.
      let isOnItsWay = false;
      server.fault = ({ method, plural }) => {
        if (method !== 'PUT' || plural !== 'configmaps') return undefined; // the Lease is renewed meanwhile
        isOnItsWay = true;
        return held;
      };
      attempt = one.log.append([{ n: 2 }]);
      await eventually(() => expect(isOnItsWay).toBe(true));
      server.fault = undefined;
      const lease = leaseOf(server);
      server.apply({ ...lease, spec: { ...(lease.spec as object), holderIdentity: null } });
      await write(other, { n: 3 });
      release();
      await expect(attempt).rejects.toMatchObject({ code: 'change_not_written' });
    });
    await write(other, { n: 4 });
    for (const reader of [one, other]) await has(reader, [{ n: 1 }, { n: 3 }, { n: 4 }]);
    // It never was there to be put right: nothing but the first ConfigMap was made.
    expect(created(server)).toBe(1);
  });

  it('says who holds the Lease and does not let go, and is written when that one has died', async () => {
    const server = await startedServer();
    const [one, other] = [await opened(server, 'one'), await opened(server, 'other')];
    await write(one, { n: 1 });
    let die = (): void => {};
    const hung = one.log.exclusively(
      () =>
        new Promise<void>((resolve) => {
          die = resolve;
        }),
    );
    await expect(write(other, { n: 2 })).rejects.toMatchObject({
      code: 'control_held',
      message: expect.stringContaining('Only one may write'),
    });
    die();
    await hung;
    await eventually(() => write(other, { n: 2 }));
    expect(other.values).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('is taken over from a collector that was killed, once its Lease has run out', async () => {
    const server = await startedServer();
    server.apply({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: NAME, namespace: 'undermesh' },
      spec: { holderIdentity: 'killed', leaseDurationSeconds: 2, renewTime: new Date().toISOString() },
    });
    const one = await opened(server, 'one');
    await eventually(() => write(one, { n: 1 }));
    expect(leaseOf(server).spec).toMatchObject({ holderIdentity: 'one', leaseTransitions: 1 });
  });

  it('goes on in another ConfigMap when one is full, and the full one is closed', async () => {
    const server = await startedServer();
    const one = await opened(server, 'one');
    const text = 'x'.repeat(50_000);
    for (let n = 1; n <= 5; n++) await write(one, { n, text });
    expect(chunkOf(server, 1).immutable).toBe(true);
    expect(chunkOf(server, 2).immutable).toBe(true);
    expect(chunkOf(server, 3).immutable).toBeUndefined();
    await has(await opened(server, 'other'), one.values);
    expect(one.values).toHaveLength(5);
  });

  it('does not know whether a write that was never answered was stored: it looks', async () => {
    const server = await startedServer();
    const one = await opened(server, 'one');
    await write(one, { n: 1 });
    server.fault = ({ method, plural }) => {
      if (method !== 'PUT' || plural !== 'configmaps') return undefined;
      server.fault = undefined;
      return new Promise<void>((resolve) => setImmediate(resolve)).then(() => server.hangUpAfterNext());
    };
    await write(one, { n: 2 });
    expect(one.values).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('asks for no more rights than docs/kubernetes.md says', async () => {
    const server = await startedServer();
    const [one, other] = [await opened(server, 'one'), await opened(server, 'other')];
    await write(one, { n: 1 });
    await write(other, { n: 2, text: 'x'.repeat(200_000) });
    await write(one, { n: 3 });
    edit(server, () => '');
    await eventually(() => expect(textOf(chunkOf(server))).not.toBe(''));
    const verbs = { GET: 'list', POST: 'create', PUT: 'update', DELETE: 'delete' } as const;
    const asked = server.asked.map(({ method, plural, name, watch }) => {
      const verb = verbs[method as keyof typeof verbs];
      return `${plural} ${watch ? 'watch' : verb === 'list' && name !== undefined ? 'get' : verb}`;
    });
    const rights = ['leases', 'configmaps'].map((plural) => {
      const rows = readFileSync(DOCUMENT, 'utf8')
        .split('\n')
        .filter((row) => row.includes(`\`${plural}\``));
      const named = rows.flatMap((row) => row.split('|')[3]?.match(/[a-z]+(?=`)/g) ?? []);
      return named.map((verb) => `${plural} ${verb}`);
    });
    expect(rights.flat()).toEqual(expect.arrayContaining([...new Set(asked)]));
    expect(new Set(asked).size).toBeGreaterThan(7);
  });

  describe('that somebody changed', () => {
    it.each<[string, (server: ApiServer) => void]>([
      ['edited', (server) => edit(server, (text) => text.replace('"n":1', '"n":9'))],
      ['cut off', (server) => edit(server, (text) => text.slice(0, text.indexOf('\n') + 1))],
      ['written on', (server) => edit(server, (text) => `${text}{"n":3,"hash":"${'0'.repeat(64)}"}\n`)],
      ['emptied', (server) => edit(server, () => '')],
      ['deleted', (server) => server.delete(chunkOf(server))],
    ])('is put back as it was while a collector knows it: %s', async (_, change) => {
      const server = await startedServer();
      const [one, other] = [await opened(server, 'one'), await opened(server, 'other')];
      await write(one, { n: 1 }, { n: 2 });
      const text = textOf(chunkOf(server));
      change(server);
      await eventually(() => expect(textOf(chunkOf(server))).toBe(text));
      for (const reader of [one, other])
        await eventually(() =>
          expect([reader.values, reader.log.problem]).toEqual([[{ n: 1 }, { n: 2 }], null]),
        );
      await write(other, { n: 3 });
      await has(one, [{ n: 1 }, { n: 2 }, { n: 3 }]);
    });

    it.each<[string, (server: ApiServer) => void, object]>([
      [
        'edited',
        (server) => edit(server, (text) => text.replace('"n":2', '"n":9')),
        { detail: expect.stringMatching(/^Line 2 does not follow/), kept: 1 },
      ],
      [
        'cut off',
        (server) => edit(server, (text) => text.slice(0, text.indexOf('\n') + 1)),
        { detail: 'Lines are missing behind line 1.', kept: 1, missing: 2 },
      ],
      [
        'deleted',
        (server) => server.delete(chunkOf(server)),
        { detail: 'Lines are missing behind line 0.', kept: 0, missing: 3 },
      ],
    ])('while nobody ran is set aside, and goes on behind what verifies: %s', async (_, change, broken) => {
      const server = await startedServer();
      const one = await opened(server, 'one');
      await write(one, { n: 1 }, { n: 2 }, { n: 3 });
      await one.log.close();
      const before = created(server);
      change(server);
      const other = await opened(server, 'other');
      await eventually(() => expect(other.values.at(-1)).toMatchObject({ kind: 'log_broken', ...broken }));
      await write(other, { n: 4 });
      await has(await opened(server, 'third'), other.values);
      expect(other.values.at(-1)).toEqual({ n: 4 });
      expect(created(server)).toBeGreaterThan(before);
    });
  });
});
