// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { assignment, demoPlace, workloads } from '../src/plan.js';
import {
  callsVirtually,
  manifests,
  translationRules,
  virtualPlace,
  virtualServices,
} from '../src/virtual.js';
import { waypoint } from '../src/waypoint.js';

interface Manifest {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

describe('virtual addresses', () => {
  it('are one of each family for a service, whatever its versions', () => {
    expect(new Set(virtualServices.map(({ ipv4 }) => ipv4)).size).toBe(virtualServices.length);
    expect(virtualServices.map(({ name }) => name)).toContain('reviews');
    expect(virtualPlace('reviews')).toMatchObject({ port: 80 });
    expect(virtualPlace('orders-db')).toMatchObject({ port: 6380 });
    expect(() => virtualPlace('shoppers')).toThrow('no service "shoppers"');
  });

  it('are what members of the mesh call', () => {
    const { endpoints } = assignment('front', { placeOf: demoPlace, virtualPlaceOf: virtualPlace });
    expect(endpoints.reviews).toEqual([{ host: virtualPlace('reviews').ipv4, port: 80, weight: 1 }]);
    expect(endpoints['catalogue-db']).toEqual([
      { host: virtualPlace('catalogue-db').ipv6, port: 80, weight: 1 },
    ]);
    expect(workloads.filter((one) => !callsVirtually(one)).map(({ id }) => id)).toEqual([
      'bank-api',
      'shoppers',
    ]);
  });
});

it('gives each member of a service a slice of its own, with its weight', () => {
  const objects = manifests() as readonly Manifest[];
  const weights = objects.flatMap(({ kind, metadata }) =>
    kind === 'EndpointSlice' &&
    metadata.labels?.['kubernetes.io/service-name'] === 'reviews' &&
    metadata.name.endsWith('-ipv4')
      ? [metadata.annotations?.['undermesh.io/weight']]
      : [],
  );
  expect(weights).toEqual(['80', '20']);
  expect(objects.filter(({ kind }) => kind === 'Service')).toHaveLength(virtualServices.length);
});

it('has requests for reviews go through the waypoint, and to a service of their version from there', () => {
  const objects = manifests() as readonly Manifest[];
  const behind = objects.filter(({ metadata }) => metadata.labels?.['istio.io/use-waypoint'] !== undefined);
  expect(behind.map(({ metadata }) => metadata.name)).toEqual([waypoint.service]);
  const services = objects.filter(({ kind }) => kind === 'Service').map(({ metadata }) => metadata.name);
  expect(services).toEqual(expect.arrayContaining(['reviews', 'reviews-v1', 'reviews-v2']));
  expect(new Set(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).size).toBe(objects.length);
  expect(workloads.map(({ id }) => demoPlace(id).ipv4)).not.toContain(waypoint.ipv4);
});

it('translates by weight where no engine steers', () => {
  const rules = translationRules();
  expect(rules).toContain('numgen random mod 100 map { 0-79 : 10.99.1.1, 80-99 : 10.99.2.3 } : 8080');
  expect(rules).toContain('ip6 daddr fd98::3 tcp dport 6380 dnat to [fd99::3:1]:6380');
});
