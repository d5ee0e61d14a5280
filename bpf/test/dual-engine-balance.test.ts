// SPDX-License-Identifier: Apache-2.0
// How connects spread over endpoints. Counts of draws are held against what they should be by Pearson's chi-square, whose
// bounds good drawing exceeds once in a million runs.
import { Balancing, encodeSlot, encodeSlotKey } from '@undermesh/bpf-abi';
import { beforeEach, describe, expect, it } from 'vitest';
import { useMeshBed } from './mesh-bed.js';
import { isRoot } from './observed.js';
import { DualEngine, type Opened, type TestEndpoint, type TestService } from './steered.js';

/** Chi-square that is exceeded with a probability of 1e-6, by degrees of freedom. */
const BOUND: Readonly<Record<number, number>> = { 1: 23.93, 2: 27.63, 3: 30.66, 4: 33.38, 9: 44.81 };

const VIP = { address: '10.96.0.1', port: 80 };

/** `count` endpoints at ports from 9001 on. */
const endpoints = (weights: readonly number[]): TestEndpoint[] =>
  weights.map((weight, i) => ({ id: i + 1, port: 9001 + i, weight }));

/** Pearson's chi-square of counts by port against weights. */
function chiSquare(by: Record<string, number>, members: readonly TestEndpoint[]): number {
  const draws = Object.values(by).reduce((sum, count) => sum + count, 0);
  const all = members.reduce((sum, { weight = 1 }) => sum + weight, 0);
  return members.reduce((sum, { port, weight = 1 }) => {
    const expected = (draws * weight) / all;
    return sum + ((by[port] ?? 0) - expected) ** 2 / expected;
  }, 0);
}

describe.skipIf(!isRoot)('balancing of dual_engine.bpf.o (needs root and cgroup v2)', () => {
  const bed = useMeshBed();
  let kernel: DualEngine;

  beforeEach(() => {
    // A connected UDP socket tells where it was steered when its peer's name is not hidden.
    kernel = bed.attach(new DualEngine(bed.cgroup, { without: ['show_peername4'] }));
  });

  const associate = async (service: Partial<TestService>, count: number) => {
    kernel.serve({ ...VIP, protocol: 'udp', groups: [], ...service });
    return (await bed.mesh.tell(`associate 4 10.96.0.1 80 ${count}`)).by;
  };

  it.each([
    ['equal', [1, 1, 1, 1]],
    ['ninety to ten', [90, 10]],
    ['far apart', [1, 5, 25, 125, 625]],
    ['in no order', [3, 1, 2]],
  ])('draws by weight: %s', async (_, weights) => {
    const members = endpoints(weights);
    const by = await associate({ groups: [members] }, 50_000);
    expect(chiSquare(by, members)).toBeLessThan(BOUND[members.length - 1] ?? 0);
  });

  it('draws by weight for TCP connections', async () => {
    const members = endpoints([6, 3, 1]);
    kernel.serve({ ...VIP, groups: [members] });
    for (const { port } of members) await bed.mesh.tell(`serve tcp 4 127.0.0.1 ${port}`);
    const { by, errors } = await bed.mesh.tell('connect 4 10.96.0.1 80 20000');
    expect(errors).toEqual({});
    expect(chiSquare(by, members)).toBeLessThan(BOUND[2] ?? 0);
    expect(kernel.totals().steered).toBe(20_000n);
  }, 600_000);

  it('takes turns', async () => {
    const members = endpoints([1, 9, 90]);
    const by = await associate({ groups: [members], balancing: Balancing.ROUND_ROBIN }, 30_000);
    expect(by).toEqual({ 9001: 10_000, 9002: 10_000, 9003: 10_000 });
  });

  it('prefers the endpoint that has fewer connections open', async () => {
    const members = endpoints([1, 1, 1]);
    kernel.serve({ ...VIP, groups: [members], balancing: Balancing.LEAST_CONNECTIONS });
    for (const { port } of members) await bed.mesh.tell(`serve tcp 4 127.0.0.1 ${port}`);
    const counts: Record<string, number> = {};
    for (let i = 0; i < 300; i++) {
      const { by } = await bed.mesh.tell<Opened>('open 4 10.96.0.1 80');
      counts[by] = (counts[by] ?? 0) + 1;
    }
    // Two random choices keep the fullest within a few of the emptiest, where one lets them part by a multiple of this.
    const spread = Math.max(...Object.values(counts)) - Math.min(...Object.values(counts));
    expect(Object.keys(counts)).toHaveLength(3);
    expect(spread).toBeLessThanOrEqual(12);
    for (const { id, port } of members) expect(kernel.health(id)?.openConnections).toBe(counts[port]);
  });

  it('stays in the nearest group that has an endpoint, and spreads by weight there', async () => {
    const [near, far] = [endpoints([2, 1]), endpoints([1, 1, 1, 1])];
    const others = far.map((endpoint) => ({ ...endpoint, id: endpoint.id + 10, port: endpoint.port + 100 }));
    const by = await associate({ groups: [[], near, others] }, 20_000);
    expect(chiSquare(by, near)).toBeLessThan(BOUND[1] ?? 0);
  });

  it('spreads what a draining endpoint no longer takes over the others of its group', async () => {
    const members = endpoints([1, 1, 1]);
    const left = members.slice(1);
    const by = await associate(
      { groups: [members.map((one) => (one.id === 1 ? { ...one, flags: 2 } : one))] },
      20_000,
    );
    expect(by[9001]).toBeUndefined();
    expect(chiSquare(by, left)).toBeLessThan(BOUND[1] ?? 0);
  });

  it('finds the only endpoint that is left in a group of fifty', async () => {
    const members = endpoints(Array.from({ length: 50 }, () => 1)).map((one) =>
      one.id === 33 ? one : { ...one, flags: 2 },
    );
    expect(await associate({ groups: [members] }, 2000)).toEqual({ 9033: 2000 });
  });

  it('never fails a connect while slots are rewritten in the order that updates have', async () => {
    const members = endpoints([1, 1, 1]);
    kernel.serve({ ...VIP, protocol: 'udp', groups: [members] });
    const asked = bed.mesh.tell('associate 4 10.96.0.1 80 30000');
    for (let i = 0; i < 1000; i++) {
      const endpointId = 1 + (i % 3);
      kernel
        .map('slots')
        .update(
          encodeSlotKey({ slotsId: 101, group: 0, slot: i % 3 }),
          encodeSlot({ threshold: i * 1000, endpointId, otherEndpointId: 1 }),
        );
    }
    expect((await asked).errors).toEqual({});
    expect(kernel.totals().failed).toBe(0n);
  });
});
