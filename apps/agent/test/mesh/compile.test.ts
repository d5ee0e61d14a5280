// SPDX-License-Identifier: Apache-2.0
import {
  Balancing,
  decodeEndpoint,
  decodeService,
  decodeServiceKey,
  decodeSlot,
  decodeSlotKey,
  EndpointFlag,
  ServiceFlag,
  WaypointTransport,
} from '@undermesh/bpf-abi';
import type { Mesh, Service } from '@undermesh/mesh';
import { describe, expect, it } from 'vitest';
import {
  type Change,
  type Contents,
  compile,
  contentsDifference,
  difference,
  flatten,
  IdBook,
  keyBytes,
  type Locality,
  type Tables,
} from '../../src/mesh/index.js';
import { endpoint, meshOf, service } from './meshes.js';

const NOWHERE: Locality = { node: null, zone: null, region: null };

/** A node that compiles one mesh after the other. */
class Node {
  readonly book: IdBook;
  contents: Contents = new Map();
  readonly #here: Locality;

  constructor(here: Locality = NOWHERE, tables?: Tables) {
    this.#here = here;
    this.book = new IdBook(tables);
  }

  take(mesh: Mesh): Change[] {
    const { contents: previous, book } = this;
    this.contents = compile(mesh, { here: this.#here, book, prefaces: true, previous });
    return contentsDifference(previous, this.contents);
  }

  get tables(): Tables {
    return flatten(this.contents.values());
  }

  /** Services by `address:port`. */
  services() {
    const services = [...this.tables.services].map(([key, value]) => {
      const { address, port, protocol } = decodeServiceKey(keyBytes(key));
      return [`${[...address.subarray(0, 4)].join('.')}:${port}/${protocol}`, decodeService(value)] as const;
    });
    return new Map(services);
  }

  counts(name: string): number[] {
    const found = this.services().get(name);
    if (found === undefined) throw new Error(`no ${name}`);
    const view = new DataView(found.groupSlots.buffer, found.groupSlots.byteOffset);
    return Array.from({ length: found.groupCount }, (_, group) => view.getUint32(4 * group, true));
  }

  /** Chance of each endpoint's last number and port, exactly as a draw of slot and number gives it. */
  chances(slotsId: number, group = 0): Map<string, number> {
    const slots = [...this.tables.slots]
      .map(([key, value]) => ({ ...decodeSlotKey(keyBytes(key)), ...decodeSlot(value) }))
      .filter((slot) => slot.slotsId === slotsId && slot.group === group);
    const chances = new Map<string, number>();
    const add = (id: number, share: number): void => {
      const { address, port } = this.endpoint(id);
      const name = `${address[3]}:${port}`;
      chances.set(name, (chances.get(name) ?? 0) + share / slots.length);
    };
    for (const { threshold, endpointId, otherEndpointId } of slots) {
      add(endpointId, (threshold + 1) / 2 ** 32);
      add(otherEndpointId, 1 - (threshold + 1) / 2 ** 32);
    }
    return new Map([...chances].filter(([, chance]) => chance > 0));
  }

  endpoint(id: number) {
    const value = [...this.tables.endpoints].find(
      ([key]) => new DataView(new Uint8Array(keyBytes(key)).buffer).getUint32(0, true) === id,
    )?.[1];
    if (value === undefined) throw new Error(`no endpoint ${id}`);
    return decodeEndpoint(value);
  }
}

const many = (count: number, with_: (i: number) => Parameters<typeof endpoint>[1] = () => ({})) =>
  Array.from({ length: count }, (_, i) => endpoint(`10.1.${i >> 8}.${i & 255}`, with_(i)));
const sizes = (changes: readonly Change[]) => changes.map(({ map, entries }) => [map, entries.length]);
const one = (node: Node) => node.services().get('10.96.0.1:80/6');

describe('compile', () => {
  it('gives each endpoint its weight', () => {
    const node = new Node();
    const weights = [1, 2, 3, 10, 65_535, 7];
    node.take(meshOf([service('a', { endpoints: many(6, (i) => ({ weight: weights[i] ?? 1 })) })]));
    const sum = weights.reduce((a, b) => a + b);
    const chances = node.chances(one(node)?.slotsId ?? 0);
    for (const [i, weight] of weights.entries()) {
      expect(Math.abs((chances.get(`${i}:8080`) ?? 0) - weight / sum)).toBeLessThan(2 ** -32);
    }
  });

  it('writes five entries when one of 250 endpoints begins to drain, and as few when it is back', () => {
    const node = new Node();
    const with_ = (state: 'usable' | 'draining') =>
      meshOf([service('a', { endpoints: many(250, (i) => (i === 17 ? { state } : {})) })]);
    node.take(with_('usable'));
    expect(sizes(node.take(with_('draining')))).toEqual([
      ['endpoints', 1],
      ['slots', 1],
      ['pools', 1],
      ['services', 1],
      ['slots', 1],
    ]);
    expect(node.counts('10.96.0.1:80/6')).toEqual([249]);
    expect(node.chances(one(node)?.slotsId ?? 0).has('17:8080')).toBe(false);
    expect(sizes(node.take(with_('usable')))).toEqual([
      ['endpoints', 1],
      ['slots', 1],
      ['pools', 1],
      ['services', 1],
    ]);
    expect(node.take(with_('usable'))).toEqual([]);
  });

  it('writes only the slots of the group whose weights change, and nothing of other services', () => {
    const node = new Node({ ...NOWHERE, zone: 'a' });
    const untouched = service('b', { addresses: { v4: ['10.96.0.2'], v6: [] }, endpoints: many(50) });
    const with_ = (weight: number) =>
      meshOf([
        untouched,
        service('a', {
          locality: { mode: 'failover', scopes: ['zone'] },
          endpoints: many(10, (i) => ({ zone: i < 4 ? 'a' : 'b', weight: i === 0 ? weight : 1 })),
        }),
      ]);
    node.take(with_(1));
    const changes = node.take(with_(3));
    expect(changes.map(({ map }) => map)).toEqual(['endpoints', 'slots']);
    expect(changes[0]?.entries.length).toBe(1);
    const groups = changes[1]?.entries.map(([key]) => decodeSlotKey(keyBytes(key)).group);
    expect(new Set(groups)).toEqual(new Set([0]));
  });

  it('groups by locality: nearest first, the rest at the end; strict has nothing else', () => {
    const endpoints = many(6, (i) => ({
      node: i === 0 ? 'n1' : 'n2',
      zone: i < 2 ? 'z1' : 'z2',
      region: i < 4 ? 'r1' : null,
    }));
    const here = { node: 'n1', zone: 'z1', region: 'r1' };
    const failover = new Node(here);
    const scopes = ['node', 'zone', 'region'] as const;
    failover.take(meshOf([service('a', { endpoints, locality: { mode: 'failover', scopes } })]));
    expect(failover.counts('10.96.0.1:80/6')).toEqual([1, 1, 2, 2]);
    expect([...failover.chances(one(failover)?.slotsId ?? 0, 0).keys()]).toEqual(['0:8080']);
    const strict = new Node(here);
    strict.take(meshOf([service('a', { endpoints, locality: { mode: 'strict', scopes: ['zone'] } })]));
    expect(strict.counts('10.96.0.1:80/6')).toEqual([2]);
    const elsewhere = new Node({ ...here, zone: 'z9' });
    elsewhere.take(meshOf([service('a', { endpoints, locality: { mode: 'strict', scopes: ['zone'] } })]));
    expect(elsewhere.counts('10.96.0.1:80/6')).toEqual([0]);
    const local = [...strict.tables.endpoints.values()].map((value) => decodeEndpoint(value));
    expect(local.filter(({ flags }) => (flags & EndpointFlag.LOCAL) !== 0)).toHaveLength(1);
  });

  it('says of a service without slots why it has none', () => {
    const flagsOf = (node: Node, of: Partial<Parameters<typeof service>[1]>): number | undefined => {
      node.take(meshOf([service('a', of)]));
      return one(node)?.flags;
    };
    const strict = { mode: 'strict', scopes: ['zone'] } as const;
    const far = many(2, () => ({ zone: 'z9' }));
    const drained = many(2, () => ({ zone: 'z9', state: 'draining' as const }));
    const here = new Node({ ...NOWHERE, zone: 'z1' });
    expect(flagsOf(here, { locality: strict, endpoints: far })).toBe(ServiceFlag.ELSEWHERE);
    expect(flagsOf(here, { locality: strict, endpoints: drained })).toBe(0);
    expect(flagsOf(here, { endpoints: far })).toBe(0);
    expect(flagsOf(here, { endpoints: far, waypoint: { namespace: 'shop', name: 'gone' } })).toBe(
      ServiceFlag.NO_WAYPOINT,
    );
  });

  it('shares slots among addresses and ports that lead to the same endpoints, by family and protocol', () => {
    const port = { appProtocol: null, http: false, targetPort: 'web' } as const;
    const shop = service('a', {
      addresses: { v4: ['10.96.0.1', '10.96.0.9'], v6: ['fd00::1'] },
      ports: [
        { ...port, name: 'http', port: 80, protocol: 'tcp' },
        { ...port, name: 'alt', port: 8000, protocol: 'tcp' },
        { ...port, name: 'admin', port: 9000, protocol: 'tcp' },
        { ...port, name: 'dns', port: 53, protocol: 'udp' },
      ],
      endpoints: [
        endpoint('10.1.0.1', { ports: { http: 8080, alt: 8080, admin: 9090, dns: 8080 } }),
        endpoint('10.1.0.2', { ports: { http: 8081, alt: 8081, dns: 8081 } }),
        endpoint('fd01::1', { ports: { http: 8080, alt: 8080, admin: 9090, dns: 8080 } }),
      ],
    });
    const node = new Node();
    node.take(meshOf([shop]));
    expect(node.tables.services.size).toBe(12);
    expect(node.tables.vips.size).toBe(12);
    const services = node.services();
    const slots = (name: string) => services.get(name)?.slotsId;
    expect(slots('10.96.0.1:80/6')).toBe(slots('10.96.0.9:8000/6'));
    expect(slots('10.96.0.1:80/6')).not.toBe(slots('10.96.0.1:53/17'));
    expect(node.counts('10.96.0.1:9000/6')).toEqual([1]);
    expect(new Set([...services.values()].map(({ slotsId }) => slotsId)).size).toBe(6);
    expect(new Set([...services.values()].map(({ serviceId }) => serviceId)).size).toBe(1);
    expect(new Set([...services.values()].map(({ vipId }) => vipId)).size).toBe(12);
    const chances = node.chances(slots('10.96.0.1:80/6') ?? 0);
    expect([...chances]).toEqual([
      ['1:8080', 0.5],
      ['2:8081', 0.5],
    ]);
  });

  it('sends HTTP ports to a waypoint by what its node can take; without one a connect is refused', () => {
    const gate = {
      namespace: 'shop',
      name: 'gate',
      addresses: { v4: ['10.2.0.1'], v6: [] },
      listeners: [
        { name: 'mesh', port: 15_008, transport: 'syn-option' as const },
        { name: 'proxy', port: 15_009, transport: 'proxy-v2' as const },
      ],
      node: 'edge',
      routes: [],
    };
    const shop = service('a', {
      addresses: { v4: ['10.96.0.1'], v6: ['fd00::1'] },
      waypoint: gate,
      ports: [
        { name: 'http', port: 80, protocol: 'tcp', appProtocol: null, http: true, targetPort: 80 },
        { name: 'db', port: 81, protocol: 'tcp', appProtocol: null, http: false, targetPort: 81 },
      ],
      endpoints: [endpoint('10.1.0.1', { ports: { http: 80, db: 81 } }), endpoint('fd01::1')],
    });
    const node = new Node();
    const edge = { name: 'edge', addresses: { v4: [], v6: [] }, zone: null, region: null, engine: null };
    node.take(meshOf([shop], { waypoint: gate, nodes: new Map([['edge', edge]]) }));
    const http = one(node);
    expect(http?.waypointTransport).toBe(WaypointTransport.SYN_OPTION);
    expect(node.endpoint(http?.waypointId ?? 0)).toMatchObject({
      port: 15_008,
      flags: EndpointFlag.WAYPOINT,
      slotsId: 0,
    });
    expect(node.services().get('10.96.0.1:81/6')?.waypointId).toBe(0);
    const six = [...node.services().values()].filter(({ groupCount }) => groupCount === 0);
    expect(six).toHaveLength(1);
    const changes = node.take(meshOf([shop], { waypoint: gate }));
    expect(one(node)?.waypointTransport).toBe(WaypointTransport.PROXY_V2);
    expect(changes.at(-1)).toMatchObject({ map: 'endpoints' });
  });

  it('keeps numbers and places over a restart, and is the same on another node', () => {
    const endpoints = many(40, (i) => ({ weight: 1 + (i % 3) }));
    const first = new Node();
    first.take(meshOf([service('a', { endpoints })]));
    first.take(meshOf([service('a', { endpoints: endpoints.filter((_, i) => i % 5 !== 0) })]));
    first.take(meshOf([service('a', { endpoints: endpoints.filter((_, i) => i % 3 !== 0) })]));
    const next = new Node(NOWHERE, first.tables);
    next.take(meshOf([service('a', { endpoints: endpoints.filter((_, i) => i % 3 !== 0) })]));
    expect(difference(first.tables, next.tables)).toEqual([]);
    const other = new Node();
    other.take(meshOf([service('a', { endpoints })]));
    expect([...other.tables.vips.keys()]).toEqual([...first.tables.vips.keys()]);
    expect(one(other)).toMatchObject({ serviceId: one(first)?.serviceId, slotsId: one(first)?.slotsId });
  });

  it('gives an address to the first of two services that claim it, and to the other once that is gone', () => {
    const [a, b] = [service('a', { endpoints: many(1) }), service('b', { endpoints: many(2) })];
    const node = new Node();
    node.take(meshOf([a, b]));
    expect(node.counts('10.96.0.1:80/6')).toEqual([1]);
    const changes = node.take(meshOf([b]));
    expect(node.counts('10.96.0.1:80/6')).toEqual([2]);
    expect(changes.filter(({ map }) => map === 'services')).toHaveLength(1);
  });

  it('writes how to balance', () => {
    const node = new Node();
    const round = service('a', {
      balancing: 'round-robin',
      endpoints: many(3, (i) => ({ weight: i + 1 })),
    });
    node.take(meshOf([round]));
    expect(one(node)).toMatchObject({ balancing: Balancing.ROUND_ROBIN });
    expect(new Set([...node.chances(one(node)?.slotsId ?? 0).values()]).size).toBe(1);
  });

  it('never leads a connect to what is not there, whatever changes and wherever it is stopped', () => {
    let seed = 7;
    const dice = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % below;
    };
    const node = new Node({ node: 'n0', zone: 'z0', region: null });
    const kernel = flatten([]) as { [map in keyof Tables]: Map<string, Uint8Array> };
    const sound = (): void => {
      for (const value of kernel.services.values()) {
        const { slotsId, groupCount, groupSlots } = decodeService(value);
        const view = new DataView(groupSlots.buffer, groupSlots.byteOffset);
        const of = [...kernel.slots].map(([key, slot]) => ({
          ...decodeSlotKey(keyBytes(key)),
          ...decodeSlot(slot),
        }));
        for (let group = 0; group < groupCount; group++) {
          const slots = of.filter((slot) => slot.slotsId === slotsId && slot.group === group);
          const numbers = new Set(slots.map(({ slot }) => slot));
          for (let i = 0; i < view.getUint32(4 * group, true); i++) expect(numbers.has(i)).toBe(true);
        }
        for (const { endpointId, otherEndpointId } of of) {
          for (const id of [endpointId, otherEndpointId]) {
            const key = Buffer.alloc(4);
            key.writeUInt32LE(id);
            expect(kernel.endpoints.has(key.toString('latin1'))).toBe(true);
          }
        }
      }
    };
    for (let round = 0; round < 60; round++) {
      const services: Service[] = ['a', 'b', 'c'].slice(0, 1 + dice(3)).map((name, i) =>
        service(name, {
          addresses: { v4: [`10.96.0.${i + 1}`], v6: [] },
          locality: dice(2) ? { mode: 'none', scopes: [] } : { mode: 'failover', scopes: ['node', 'zone'] },
          endpoints: many(dice(8), () => ({
            weight: 1 + dice(3),
            state: dice(4) ? 'usable' : 'draining',
            node: `n${dice(2)}`,
            zone: `z${dice(2)}`,
          })),
        }),
      );
      for (const { map, entries } of node.take(meshOf(services))) {
        for (const [key, value] of entries) {
          if (value === undefined) kernel[map].delete(key);
          else kernel[map].set(key, value);
          sound();
        }
      }
      expect(difference(kernel, node.tables)).toEqual([]);
    }
  });
});
