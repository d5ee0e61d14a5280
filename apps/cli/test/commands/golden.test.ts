// SPDX-License-Identifier: Apache-2.0
import { type Engines, type NodeEngine, ROUTES, type Topology } from '@undermesh/schema';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { connectionsLines } from '../../src/commands/connections.js';
import { edgesLines } from '../../src/commands/edges.js';
import { engineLines } from '../../src/commands/engine.js';
import { statusLines } from '../../src/commands/status.js';
import { topLines } from '../../src/commands/top.js';
import {
  at,
  connection,
  edge,
  engineOff,
  NOW,
  node,
  quantiles,
  refused,
  requests,
  status,
  traffic,
  vertex,
  WINDOW,
} from '../fixtures.js';
import { textOf } from '../terminal.js';

const nodes = [
  node('left'),
  node('right', { clockSkewMs: -4200, connections: { open: 602, openedPerSecond: 30.8, connects: 4 } }),
  node('edge-2', {
    state: 'silent',
    lastSeenAt: at('14:20:00'),
    records: { made: 9, received: 9, stored: 9, waiting: 0, lost: {} },
  }),
  node('new', {
    state: 'never',
    lastSeenAt: null,
    agent: null,
    kernel: null,
    engine: engineOff({ observed: null, state: 'silent' }),
  }),
];

const edges = [
  edge('shop/web', 'shop/orders', {
    traffic: traffic({
      opened: 412,
      closed: 409,
      open: 3,
      failed: { total: 12, reasons: { refused: 12 } },
      sentBytes: 96_000,
      receivedBytes: 1_200_000,
      connectUs: quantiles(412, 310),
      roundTripUs: quantiles(412, 200),
      segmentsSent: 9000,
      retransmittedSegments: 4,
      requests: requests(4100, { statusClasses: { '2xx': 4000, '4xx': 58, '5xx': 40, none: 2 } }),
      protocols: { http1: 409 },
    }),
    ports: [8080, 8443],
    health: 'failing',
    healthReason: 'refused',
    healthSince: at('14:32:10'),
  }),
  edge('shop/orders', 'data/database', {
    traffic: traffic({
      opened: 9000,
      closed: 9000,
      connectUs: quantiles(9000, 90),
      sentBytes: 4e6,
      receivedBytes: 7e7,
    }),
    ports: [5432],
    partial: true,
  }),
  edge('shop/orders', 'outside/198.51.100.7', {
    ports: [],
    health: 'unknown',
    healthReason: 'node silent',
    healthSince: at('14:20:00'),
    partial: true,
    seenBy: 'source',
  }),
];

const vertices = [
  vertex('shop/web', { outbound: edges[0]!.traffic }),
  vertex('shop/orders', {
    nodes: ['left', 'right'],
    inbound: edges[0]!.traffic,
    outbound: edges[1]!.traffic,
    health: 'failing',
    healthReason: 'refused',
    partial: true,
  }),
  vertex('data/database', { nodes: ['right'], inbound: edges[1]!.traffic }),
];

const topology: Topology = {
  level: 'workload',
  window: { ...WINDOW, seconds: 60 },
  vertices,
  edges,
  hidden: { vertices: 0, edges: 4, connectionShare: 0.01, systemVertices: 2, systemEdges: 3, legs: 0 },
  missingNodes: ['edge-2'],
};
const edgesAnswer = {
  items: edges,
  next: 'bzM',
  window: WINDOW,
  total: traffic(),
  hiddenLegs: 0,
  totalSeries: null,
  missingNodes: ['edge-2'],
};
const connectionsAnswer = {
  items: [
    connection({ state: 'open', reason: null, endedAt: null, seenBy: 'source' }),
    connection(),
    connection({ reason: 'peer_reset', lifetimeUs: 63_000_000, receivedBytes: 0 }),
    refused(),
    refused({ reason: 'connect_timed_out', openedAt: '2026-11-21T23:59:59.999Z' }),
  ],
  next: 'Y3Vyc29y',
  matched: 1280,
  histogram: null,
};

const byApi: Partial<NodeEngine> = {
  desired: 'dual-engine',
  setBy: 'api',
  who: 'm.chen',
  since: at('14:32:06'),
  reason: 'try it',
  generation: 2,
};
const engineOf = (name: string, engine: Partial<NodeEngine>): Engines['items'][number] => ({
  node: name,
  state: 'reporting',
  lastSeenAt: at('14:40:00'),
  labels: {},
  engine: engineOff(engine),
});
const engines: Engines = {
  items: [
    engineOf('left', {
      ...byApi,
      observed: 'dual-engine',
      connections: 812,
      draining: [{ generation: 1, engine: 'off', connections: 418 }],
    }),
    engineOf('right', { ...byApi, observed: 'off', state: 'switching', connections: 1206 }),
    engineOf('edge-1', {
      ...byApi,
      observed: 'dual-engine',
      setBy: 'label',
      state: 'drift',
      stateSince: at('14:37:00'),
      detail: 'connect4 was detached from /shop',
    }),
    engineOf('edge-2', { observed: null, state: 'silent', stateSince: at('14:20:00'), connections: null }),
    engineOf('edge-3', {
      ...byApi,
      desired: 'kernel-native',
      state: 'unavailable',
      detail: 'its kernel module is not signed',
    }),
  ],
  next: null,
  chain: { verifiedTo: 118, breaks: [{ change: 57, time: at('14:00:00'), detail: 'Line 56 is missing.' }] },
};

describe('what is printed', () => {
  it.each([
    ['status', ROUTES.status, status()],
    ['nodes', ROUTES.nodes, { items: nodes, next: null }],
    ['edges', ROUTES.edges, edgesAnswer],
    ['engines', ROUTES.engines, engines],
    ['topology', ROUTES.topology, topology],
    ['connections', ROUTES.connections, connectionsAnswer],
  ])('comes from an answer of %s as the API gives it', (_name, { answer }, value) => {
    expect([...Compile(answer).Errors(value)]).toEqual([]);
  });

  it.each([null, 100, 70])('status in %s columns', async (width) => {
    await expect(textOf(statusLines(status(), nodes, width))).toMatchFileSnapshot(
      `../golden/status-${width ?? 'pipe'}.txt`,
    );
  });

  it('status of a collector that nobody reports to', async () => {
    const alone = status({
      nodes: { total: 0, reporting: 0, silent: [] },
      records: { made: 0, received: 0, stored: 0, waiting: 0, lost: {} },
      requests: null,
      rates: { connectionsPerSecond: 0, recordsPerSecond: 0 },
      openConnections: 0,
      store: {
        ...status().store,
        state: 'full',
        message: 'The disk has no room left.',
        rows: 0,
        oldest: null,
      },
      observerCpuShare: null,
    });
    await expect(textOf(statusLines(alone, [], 100))).toMatchFileSnapshot('../golden/status-empty.txt');
  });

  it.each([null, 100, 70])('edges in %s columns', async (width) => {
    const text = textOf(edgesLines(edgesAnswer, { width, now: NOW }));
    await expect(text).toMatchFileSnapshot(`../golden/edges-${width ?? 'pipe'}.txt`);
  });

  it.each([null, 100, 70])('engines in %s columns', async (width) => {
    const text = textOf(engineLines(engines, { width, now: NOW }));
    await expect(text).toMatchFileSnapshot(`../golden/engine-${width ?? 'pipe'}.txt`);
  });

  it('engines where there are none', () => {
    expect(textOf(engineLines({ ...engines, items: [] }, { width: 80, now: NOW }))).toBe(
      'No agent has reported yet.\n',
    );
  });

  it('edges where there are none', () => {
    const none = { ...edgesAnswer, items: [], next: null, missingNodes: [] };
    expect(textOf(edgesLines(none, { width: 80, now: NOW }))).toMatch(
      /^No connections in this window: .*\n\n0 edges, 30 min/,
    );
  });

  it.each([null, 100, 70])('connections in %s columns', async (width) => {
    const text = textOf(connectionsLines(connectionsAnswer, { width, now: NOW }));
    await expect(text).toMatchFileSnapshot(`../golden/connections-${width ?? 'pipe'}.txt`);
  });

  it.each([null, 100, 70])('top in %s columns', async (width) => {
    const view = { order: 'connects', edges: 2, vertices: 3, width } as const;
    const text = textOf(topLines({ status: status(), topology }, view));
    await expect(text).toMatchFileSnapshot(`../golden/top-${width ?? 'pipe'}.txt`);
  });

  it.each([100, 70])('nothing is wider than %i columns', (width) => {
    const all = [
      ...statusLines(status(), nodes, width).slice(7),
      ...edgesLines(edgesAnswer, { width, now: NOW }).slice(0, 4),
      ...connectionsLines(
        { ...connectionsAnswer, items: connectionsAnswer.items.slice(0, 4) },
        { width, now: NOW },
      ),
    ];
    for (const line of textOf(all).split('\n')) expect(line.length).toBeLessThanOrEqual(width);
  });
});
