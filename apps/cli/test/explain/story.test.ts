// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { explainLines } from '../../src/commands/explain.js';
import { type Facts, waysThrough } from '../../src/explain/facts.js';
import { story } from '../../src/explain/story.js';
import { timeParts } from '../../src/explain/time-split.js';
import { viaWords } from '../../src/words/via.js';
import { at, edge, NOW, quantiles, refused, requests, split, traffic, vertex, WINDOW } from '../fixtures.js';
import { testTerminal, textOf } from '../terminal.js';

const web = vertex('shop/web');
const orders = vertex('shop/orders', { nodes: ['right'] });

const facts = (change: Partial<Facts> = {}): Facts => ({
  source: web,
  destination: orders,
  window: WINDOW,
  forward: null,
  backward: null,
  through: [],
  failures: [],
  steering: [],
  routes: [],
  silent: [],
  ...change,
});

const busy = traffic({
  opened: 412,
  closed: 409,
  open: 3,
  failed: { total: 12, reasons: { refused: 12 } },
  broken: { total: 1, reasons: { peer_reset: 1 } },
  sentBytes: 96_000,
  receivedBytes: 1_200_000,
  connectUs: quantiles(412, 310),
  roundTripUs: quantiles(412, 200),
  lifetimeUs: quantiles(409, 5000),
  segmentsSent: 9000,
  retransmittedSegments: 4,
  requests: requests(4100, { statusClasses: { '2xx': 4058, '5xx': 40, none: 2 } }),
  protocols: { http1: 400, tls: 9 },
});

const troubled = facts({
  forward: edge('shop/web', 'shop/orders', {
    traffic: busy,
    split: split(),
    health: 'failing',
    healthReason: 'refused',
    healthSince: at('14:32:10'),
  }),
  failures: [
    { reason: 'refused', count: 12, since: at('14:32:00'), last: refused({ endedAt: at('14:39:12') }) },
    { reason: 'peer_reset', count: 1, since: null, last: null },
  ],
  silent: [{ name: 'right', lastSeenAt: at('14:20:00') }],
});

const ofEdge = (change: Parameters<typeof edge>[2]): string =>
  story(facts({ forward: edge('shop/web', 'shop/orders', change) }), NOW).join('\n');

describe('explain', () => {
  it.each([null, 100])('tells of traffic, failures, time and path in %s columns', async (columns) => {
    const text = textOf(explainLines(troubled, testTerminal(columns), NOW));
    await expect(text).toMatchFileSnapshot(`../golden/explain-${columns ?? 'pipe'}.txt`);
  });

  it('tells of the waypoint between them, and of its share of the time', () => {
    const via = {
      id: 'workload:default/shop/way',
      name: 'way',
      namespace: 'shop',
      timed: 90,
      waypointUs: quantiles(90, 250),
      time: { waypointUs: 300, beyondUs: 1700, totalUs: 2000 },
      share: 0.15,
    };
    const joined = { via, traffic: traffic({ opened: 0, open: 0, requests: requests(100) }) };
    const text = ofEdge(joined);
    expect(text).toContain('shop/web reaches shop/orders through the waypoint shop/way');
    expect(text).toContain('That were 100 HTTP requests');
    expect(text).toContain('2.00 ms there: 0.30 ms (15 %) in shop/way itself, 1.70 ms in shop/orders');
    expect(text).not.toContain('opened no connection to');
    expect(ofEdge({ ...joined, via: { ...via, timed: 0, time: null, share: null } })).toContain(
      'is not known',
    );
    expect(viaWords(edge('shop/web', 'shop/orders', joined))).toBe('way (15 % of the time)');
    const leg = { side: 'client', waypoint: via.id, joined: 90, answered: 5, notJoined: 0 } as const;
    expect(viaWords(edge('shop/web', 'shop/way', { leg }))).toBe('leg');
    expect(viaWords(edge('shop/web', 'shop/way', { leg: { ...leg, notJoined: 5 } }))).toBe(
      'leg, 5 not joined',
    );
    expect(viaWords(edge('shop/web', 'shop/orders'))).toBeNull();
  });

  it('tells how workloads are linked that do not talk', async () => {
    const hop = { opened: 900, closed: 900, sentBytes: 9000 };
    const linked = facts({
      destination: vertex('data/database'),
      through: ['shop/orders', 'shop/stock'].map((name) => ({
        via: vertex(name),
        first: edge('shop/web', name, { traffic: traffic(hop) }),
        second: edge(name, 'data/database', { traffic: traffic(hop), ports: [5432] }),
      })),
    });
    await expect(textOf(explainLines(linked, testTerminal(100), NOW))).toMatchFileSnapshot(
      '../golden/explain-hops.txt',
    );
  });

  it('says that nothing is known, and that it may be for want of a node', () => {
    expect(story(facts({ silent: [{ name: 'right', lastSeenAt: null }] }), NOW)).toEqual([
      'No connection from shop/web to shop/orders was seen in the last 30 min, and none is open.',
      'No third workload links them either: none is called by the one and calls the other.',
      'shop/orders opens no connections to shop/web.',
      'Node right has not been heard of: figures are lower bounds.',
    ]);
  });

  it('says what goes the other way', () => {
    const backward = edge('shop/orders', 'shop/web', {
      traffic: traffic({ opened: 9, failed: { total: 2, reasons: { refused: 2 } } }),
    });
    expect(story(facts({ backward }), NOW).at(-1)).toBe(
      'The other way, shop/orders opened 9 connections to shop/web, <0.01 per second, and failed to 2 times.',
    );
  });

  it.each([
    ['network', { networkUs: 50_300, applicationUs: 1200, totalUs: 52_000 }, 'Most of it is the network.'],
    ['application', { networkUs: 300, applicationUs: 50_000 }, 'Most of it is the application shop/orders.'],
    ['source', { networkUs: 300, applicationUs: 900, localUs: 40_000 }, "Most of it is shop/web's own host."],
    ['both', {}, 'Most of it is the application shop/orders and the network.'],
  ])('says where the time goes: %s', (_where, change, verdict) => {
    expect(ofEdge({ traffic: busy, split: split(change) })).toContain(verdict);
  });

  it('says what it does not know of the time', () => {
    const application = split({ networkUs: null, localUs: null, totalUs: null, basis: 'destination' });
    expect(ofEdge({ traffic: busy, split: application, seenBy: 'destination' })).toContain(
      'On average a request takes 51.9 ms in the application shop/orders. Where else time goes is not known. Only the destination timed it',
    );
    expect(ofEdge({ traffic: busy, split: split({ localUs: null, basis: 'source' }) })).toContain(
      'Only the source timed it: the network is a round trip, the rest counts as the application.',
    );
    expect(ofEdge({ traffic: traffic({ opened: 3, closed: 3, protocols: { tls: 2, http2: 1 } }) })).toContain(
      '100 % of the connections carry TLS and HTTP/2: their requests cannot be timed.',
    );
  });

  it.each([
    ['both', 'Both ends report.'],
    ['source', 'Only the source reports: no agent tells what shop/orders sees.'],
    [
      'destination',
      'Only the destination reports: no agent tells what shop/web sees, failed connects among it.',
    ],
  ] as const)('says who reports: %s', (seenBy, sentence) => {
    expect(ofEdge({ seenBy })).toContain(sentence);
  });

  it('says of a partial edge that there may be more', () => {
    expect(ofEdge({ traffic: traffic({ opened: 5 }), partial: true })).toContain(
      'opened at least 5 connections',
    );
  });
});

describe('what the mesh refused', () => {
  it.each([
    ['no_endpoint', 'shop/orders has no endpoint that is ready.'],
    ['no_endpoint_near', 'shop/orders has endpoints, and none where its locality lets connects go.'],
    ['no_waypoint', 'the waypoint of shop/orders cannot be reached from that node.'],
    ['not_steered', 'what it takes to steer to shop/orders was missing in the kernel.'],
    ['too_many', 'shop/orders had its maximum of connections from that node.'],
    ['no_route', 'shop/orders has routes, and none takes these requests.'],
    ['rate_limited', 'the route of shop/orders that takes these requests lets no more pass in the time.'],
  ] as const)('is said with its reason: %s', (reason, why) => {
    const failed = { total: 3, reasons: { [reason]: 3 } };
    const forward = edge('shop/web', 'shop/orders', { traffic: traffic({ failed }) });
    const failures = [{ reason, count: 3, since: null, last: null }];
    const text = story(facts({ forward, failures }), NOW).join('\n');
    expect(text).toContain('3 refused by the mesh: ');
    expect(text).toContain(`The mesh refused them where they were made: ${why}`);
  });
});

describe('what steered connections', () => {
  const told = (steering: Facts['steering']): string =>
    story(facts({ forward: edge('shop/web', 'shop/orders'), steering }), NOW).join('\n');

  it.each<[Facts['steering'], string]>([
    [
      [{ engine: 'off', connections: 8, askedFor: [] }],
      'No engine steered them: they went where they were asked to go.',
    ],
    [
      [{ engine: 'dual-engine', connections: 1200, askedFor: ['10.96.0.1:80'] }],
      'The dual engine steered the newest 1,200 connections; they had asked for 10.96.0.1:80.',
    ],
    [
      [
        { engine: 'dual-engine', connections: 150, askedFor: ['10.96.0.1:80', '[fd00::1]:80'] },
        { engine: 'off', connections: 50, askedFor: [] },
      ],
      'The dual engine steered 150 and no engine steered 50 of the newest 200 connections; they had asked for 10.96.0.1:80 and [fd00::1]:80.',
    ],
  ])('%j', (steering, sentence) => {
    expect(told(steering)).toContain(sentence);
  });

  it('is not claimed where no connection is known', () => {
    expect(told([])).not.toContain('engine');
  });
});

describe('ways over a third workload', () => {
  it('are as busy as their slower edge, and never pass an end', () => {
    const [from, to] = [vertex('a/from'), vertex('a/to')];
    const vias = ['a/slow', 'a/quick', 'a/elsewhere'].map((name) => vertex(name));
    const volume = (opened: number) => ({ traffic: traffic({ opened }) });
    const edges = [
      edge('a/from', 'a/slow', volume(1000)),
      edge('a/slow', 'a/to', volume(1)),
      edge('a/from', 'a/quick', volume(5)),
      edge('a/quick', 'a/to', volume(9)),
      edge('a/from', 'a/elsewhere', volume(9)),
      edge('a/from', 'a/from', volume(9)),
      edge('a/from', 'a/to', volume(9)),
      edge('a/to', 'a/to', volume(9)),
    ];
    const topology = {
      level: 'workload' as const,
      window: WINDOW,
      vertices: [from, to, ...vias],
      edges,
      hidden: { vertices: 0, edges: 0, connectionShare: 0, systemVertices: 0, systemEdges: 0, legs: 0 },
      missingNodes: [],
    };
    expect(waysThrough(topology, from, to).map(({ via }) => via.name)).toEqual(['quick', 'slow']);
  });
});

it('parts of the time are shares of what is known, largest first', () => {
  expect(timeParts(split({ networkUs: 30, applicationUs: null, localUs: 10 }))).toEqual([
    { name: 'network', us: 30, share: 0.75 },
    { name: 'local', us: 10, share: 0.25 },
  ]);
  expect(timeParts(split({ networkUs: 0, applicationUs: 0, localUs: 0 }))[0]?.share).toBe(0);
});

describe('routes of the kernel', () => {
  const taken = (change: Partial<Facts['routes'][number]>): Facts['routes'][number] => ({
    number: 7,
    service: 'shop/orders',
    route: 'shop/canary',
    rule: 0,
    match: 'GET /api/*',
    requests: 60,
    backends: [{ backend: 'shop/orders:8080', weight: 1 }],
    ...change,
  });

  it('are why a request took its backend', () => {
    const routes = [
      taken({}),
      taken({
        number: 8,
        rule: 1,
        match: '/*',
        requests: 30,
        backends: [
          { backend: 'shop/orders:8080', weight: 90 },
          { backend: 'shop/orders-v2:8080', weight: 10 },
        ],
      }),
      taken({ number: 4242, route: null, rule: null, match: null, requests: 10, backends: [] }),
      taken({ number: 9, requests: 0 }),
    ];
    const said = story(facts({ forward: edge('shop/web', 'shop/orders', { traffic: busy }), routes }), NOW);
    expect(said.find((sentence) => sentence.startsWith('The kernel chose'))).toBe(
      'The kernel chose the backend of 100 requests since the collector started: ' +
        '60 % by shop/canary, rule 1 (GET /api/*); ' +
        '30 % by shop/canary, rule 2 (/*), then by weight: shop/orders:8080 90, shop/orders-v2:8080 10; ' +
        '10 % by route 4242, which no node names; the rest by 1 other route.',
    );
  });
});
