// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { anySteers, engineOfEdge, enginesByNode } from '@/domain/engines/steering';
import { stopsOf, wayName, waysOf } from '@/domain/topology/way';
import { connection, edge, engineItem, node, traffic, vertex } from '../../fixtures';

const steered = connection('a', 1, {
  engine: 'dual-engine',
  askedFor: { address: '10.96.0.10', port: 80 },
});
const passed = connection('b', 1, { engine: 'dual-engine' });
const untouched = connection('c', 1);

describe('ways along an edge', () => {
  it('are told apart by engine and by what it did, most travelled first', () => {
    const ways = waysOf([untouched, steered, { ...steered, id: 'd' }, passed]);
    expect(ways.map((way) => [wayName(way), way.share])).toEqual([
      ['dual-engine', 0.5],
      ['Not steered', 0.25],
      ['Passed', 0.25],
    ]);
    expect(ways[0]?.latest.id).toBe('a');
    expect(waysOf([])).toEqual([]);
  });

  it('are shown by a connection that both ends told of, where there is one', () => {
    const half: typeof steered = { ...steered, id: 'half', seenBy: 'source' };
    expect(waysOf([half, { ...steered, seenBy: 'both' }])[0]?.latest.id).toBe('a');
    expect(waysOf([half])[0]?.latest.id).toBe('half');
  });

  it('stop where the address changes, with what the kernel says it takes', () => {
    const hook = {
      name: 'steer_connect4',
      type: 'cgroup_sock_addr',
      attachedTo: '2 cgroups',
      attached: true,
      programId: 7,
      tag: 'abcdef0123456789',
      loadedAtMs: 0,
      runTimeNs: 4000,
      runCount: 10,
    };
    const [way] = waysOf([steered]);
    if (way === undefined) throw new Error('no way');
    const along = edge('e', { traffic: traffic() });
    const stops = stopsOf(way, along, node('shop-1', { hooks: [hook] }));
    const { address, port } = steered.destination;
    expect(stops.map(({ title }) => title)).toEqual([
      'orders',
      'steer_connect4',
      'getpeername',
      'Payload',
      'TCP and IP',
      'payments',
    ]);
    expect(stops[1]).toMatchObject({
      text: `10.96.0.10:80 becomes ${address}:${port}`,
      note: 'once per connect · 400\u00a0ns',
    });
    expect(stops[2]?.note).toBe('when it asks');
    // never measured, never said
    expect(stops[4]?.note).toBeNull();
    expect(stops.at(-1)?.text).toBe('answers');
  });

  it('leave alone what no engine touches', () => {
    const [way] = waysOf([untouched]);
    if (way === undefined) throw new Error('no way');
    expect(stopsOf(way, edge('e'), undefined).map(({ id }) => id)).toEqual([
      'source',
      'connect',
      'tcp',
      'destination',
    ]);
  });
});

describe('the engine of an edge', () => {
  const engines = enginesByNode([
    engineItem('shop-1', { observed: 'dual-engine' }),
    engineItem('shop-2'),
    engineItem('shop-3', { observed: null }),
  ]);
  const of = (nodes: string[]) =>
    engineOfEdge(edge('e'), new Map([['e-source', vertex('e-source', { nodes })]]), engines);

  it('is that of its source’s nodes', () => {
    expect(of(['shop-1'])).toBe('dual-engine');
    expect(of(['shop-2'])).toBe('off');
    expect(of(['shop-1', 'shop-2'])).toBe('several');
    expect(of(['shop-3'])).toBeNull();
    expect(of([])).toBeNull();
  });

  it('is nothing to speak of where no node steers', () => {
    expect(anySteers(engines)).toBe(true);
    expect(anySteers(enginesByNode([engineItem('shop-2')]))).toBe(false);
  });
});
