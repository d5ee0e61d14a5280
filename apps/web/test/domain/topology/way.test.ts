// SPDX-License-Identifier: Apache-2.0
import type { Engine } from '@undermesh/schema';
import { describe, expect, it } from 'vitest';
import { anySteers, engineOfEdge, enginesByNode } from '@/domain/engines/steering';
import { namedParts, partsThrough, type TimeParts, timeWords } from '@/domain/topology/time-parts';
import { sidesOf, stopsOf, stopsThrough, wayName, wayOfNow, waysOf } from '@/domain/topology/way';
import { connection, edge, engineItem, node, traffic, vertex } from '../../fixtures';

const steered = connection('a', 1, {
  engine: 'dual-engine',
  askedFor: { address: '10.96.0.10', port: 80 },
});
const passed = connection('b', 1, { engine: 'dual-engine' });
const untouched = connection('c', 1);

const NO_PARTS: TimeParts = {
  localUs: null,
  toUs: null,
  waypointUs: null,
  beyondUs: null,
  applicationUs: null,
  totalUs: 0,
};

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

  it('are shown as they are with the engine that the node runs now, though most are older', () => {
    const ways = waysOf([steered, untouched, { ...untouched, id: 'd' }]);
    const node = steered.source.node ?? '';
    const shown = (...of: [string, 'off' | 'dual-engine' | 'kernel-native'][]) =>
      wayOfNow(ways, new Map(of))?.engine;
    expect(shown([node, 'dual-engine'])).toBe('dual-engine');
    expect(shown([node, 'off'])).toBe('off');
    expect(shown([node, 'kernel-native'])).toBe('off');
    expect(shown()).toBe('off');
    expect(wayOfNow([], new Map())).toBeUndefined();
  });

  it('end at connect() where the mesh refused it, and say why', () => {
    const refused: typeof passed = { ...passed, id: 'r', state: 'failed', reason: 'no_endpoint' };
    const [way] = waysOf([refused]);
    if (way === undefined) throw new Error('no way');
    expect(wayName(way)).toBe('Refused');
    const stops = stopsOf(way, { edge: edge('e', {}), node: undefined, times: null });
    expect(stops.map(({ text }) => text)[1]).toBe('Refused by the mesh: no endpoint');
    expect(stops).toHaveLength(2);
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
    const met = { count: 9, p50: 52, p90: 60, p95: 61, p99: 70 };
    const timed = edge('e', { traffic: traffic({ connectUs: met }) });
    const stops = stopsOf(way, { edge: along, node: node('shop-1', { hooks: [hook] }), times: null });
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
    expect(stopsOf(way, { edge: timed, node: undefined, times: null })[4]?.note).toBe(
      'round trip 52\u00a0µs (handshake, median)',
    );
    expect(stops.at(-1)?.text).toBe('answers');
  });

  it('through a waypoint leave the kernel there, each stop with its share of the time', () => {
    const [way] = waysOf([{ ...steered, service: { namespace: 'shop', name: 'reviews' } }]);
    if (way === undefined) throw new Error('no way');
    const none = { count: 0, p50: null, p90: null, p95: null, p99: null };
    const time = { waypointUs: 300, beyondUs: 8700, totalUs: 9000 };
    const via = {
      id: 'w',
      name: 'waypoint',
      namespace: 'shop',
      timed: 9,
      waypointUs: none,
      time,
      share: 0.03,
    };
    const split = { connectUs: 50, localUs: 20, networkUs: 80, applicationUs: 8500, totalUs: 8600 };
    const legs = {
      client: edge('c', { split: { ...split, basis: 'both', requests: 9 } }),
      server: edge('s', { split: { ...split, basis: 'both', requests: 9 } }),
    };
    const times = partsThrough(time, legs);
    const along = edge('e', { via });
    const stops = stopsThrough(way, { edge: along, node: undefined, times, legs, onward: passed });
    expect(stops.map(({ id, us }) => [id, us])).toEqual([
      ['source', null],
      ['connect', null],
      ['peer', null],
      ['tcp', 100],
      ['waypoint', 300],
      ['onward', 200],
      ['destination', 8500],
    ]);
    expect(times?.totalUs).toBe(9100);
    expect(stops[0]?.text).toBe('connects to 10.96.0.10:80, reviews');
    expect(sidesOf(stops).map(({ place }) => place)).toEqual(['user', 'kernel', 'user', 'kernel', 'user']);
    expect(timeWords(times ?? NO_PARTS, { waypoint: 'waypoint', server: 'reviews' })).toBe(
      'waypoint takes 3.3\u00a0% of the time, reviews 93\u00a0%.',
    );
    // nobody saw the legs: what is beyond the waypoint is one part
    const alone = partsThrough(time, { client: null, server: null });
    const names = { waypoint: 'waypoint', server: 'reviews' };
    expect(namedParts(alone ?? NO_PARTS, names).map(({ name, us }) => [name, us])).toEqual([
      ['waypoint', 300],
      ['reviews and the way', 8700],
    ]);
    expect(partsThrough(null, legs)).toBeNull();
  });

  it('leave alone what no engine touches', () => {
    const [way] = waysOf([untouched]);
    if (way === undefined) throw new Error('no way');
    expect(stopsOf(way, { edge: edge('e'), node: undefined, times: null }).map(({ id }) => id)).toEqual([
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

  it('is what its records say, whatever is in force by now', () => {
    const shop = new Map([['e-source', vertex('e-source', { nodes: ['shop-2'] })]]);
    const steeredBy = (engineBytes: Partial<Record<Engine, number>>) =>
      engineOfEdge(edge('e', { traffic: traffic({ engineBytes }) }), shop, engines);
    expect(steeredBy({ 'dual-engine': 1000 })).toBe('dual-engine');
    expect(steeredBy({ 'dual-engine': 1000, off: 400 })).toBe('several');
    expect(steeredBy({ 'dual-engine': 1000, off: 4 })).toBe('dual-engine');
    expect(steeredBy({})).toBe('off');
  });

  it('is nothing to speak of where no node steers', () => {
    expect(anySteers(engines)).toBe(true);
    expect(anySteers(enginesByNode([engineItem('shop-2')]))).toBe(false);
  });
});
