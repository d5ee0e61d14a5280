// SPDX-License-Identifier: Apache-2.0
import type { Edge, Topology, Traffic, Vertex } from '@undermesh/schema';

const quantiles = (p99: number | null) => ({
  count: p99 === null ? 0 : 10,
  p50: p99,
  p90: p99,
  p95: p99,
  p99,
});

/** Traffic of a 100 s window. */
export const traffic = (
  of: {
    rate?: number;
    failed?: number;
    connect?: number;
    bytes?: number;
    /** HTTP requests per second, their p99 in µs, and how many of them failed. */
    requests?: { rate: number; p99: number; failed?: number };
  } = {},
): Traffic => ({
  opened: (of.rate ?? 0) * 100,
  closed: 0,
  failed: {
    total: of.failed ?? 0,
    reasons: { refused: of.failed ?? 0, connect_timed_out: 0, connect_aborted: 0, connect_unreachable: 0 },
  },
  broken: {
    total: 0,
    reasons: {
      local_fin: 0,
      peer_fin: 0,
      local_reset: 0,
      peer_reset: 0,
      timed_out: 0,
      killed: 0,
      unreachable: 0,
    },
  },
  open: 1,
  sentBytes: (of.bytes ?? 0) * 100,
  receivedBytes: 0,
  connectUs: quantiles(of.connect ?? null),
  roundTripUs: quantiles(null),
  lifetimeUs: quantiles(null),
  segmentsSent: 0,
  retransmittedSegments: 0,
  requests:
    of.requests === undefined
      ? null
      : {
          total: of.requests.rate * 100,
          statusClasses: {
            '2xx': of.requests.rate * 100 - (of.requests.failed ?? 0),
            '5xx': of.requests.failed ?? 0,
          },
          pipelined: 0,
          requestBytes: 0,
          responseBytes: 0,
          firstByteUs: quantiles(of.requests.p99),
          lastByteUs: quantiles(of.requests.p99),
          seenBy: 'source',
        },
  protocols: {},
  engineBytes: {},
});

export const vertex = (id: string, more: Partial<Vertex> = {}): Vertex => ({
  id,
  level: 'workload',
  kind: 'unit',
  name: id,
  namespace: 'shop',
  version: null,
  nodes: ['shop-1'],
  external: false,
  system: false,
  members: 1,
  inbound: traffic({ rate: 1 }),
  outbound: traffic(),
  health: 'ok',
  healthReason: null,
  partial: false,
  ...more,
});

export const edge = (source: string, destination: string, more: Partial<Edge> = {}): Edge => ({
  id: `${source}>${destination}`,
  source,
  destination,
  sourceName: source,
  destinationName: destination,
  sourceNamespace: 'shop',
  destinationNamespace: 'shop',
  ports: [8080],
  system: false,
  traffic: traffic({ rate: 10 }),
  health: 'ok',
  healthReason: null,
  healthSince: null,
  lastFailureAt: null,
  seenBy: 'both',
  partial: false,
  split: null,
  via: null,
  leg: null,
  ...more,
});

export const topology = (vertices: Vertex[], edges: Edge[], more: Partial<Topology> = {}): Topology => ({
  level: 'workload',
  window: {
    from: '2026-11-22T09:00:00.000Z',
    to: '2026-11-22T09:01:40.000Z',
    seconds: 100,
    resolutionSeconds: 10,
  },
  vertices,
  edges,
  hidden: { vertices: 0, edges: 0, connectionShare: 0, systemVertices: 0, systemEdges: 0, legs: 0 },
  missingNodes: [],
  ...more,
});

/** ingress > front > catalogue > db, front > orders (failing) > bank outside. */
export const SHOP = topology(
  [
    vertex('ingress', { namespace: 'edge' }),
    vertex('front'),
    vertex('catalogue', { version: 'v2', nodes: ['shop-2'] }),
    vertex('orders', { namespace: 'checkout', health: 'failing', healthReason: 'refused' }),
    vertex('db', { namespace: 'data' }),
    vertex('bank', { namespace: '', external: true, nodes: [] }),
  ],
  [
    edge('ingress', 'front', { traffic: traffic({ rate: 40, bytes: 2e6, connect: 900 }) }),
    edge('front', 'catalogue', {
      traffic: traffic({ rate: 30, connect: 7000, requests: { rate: 200, p99: 9400 } }),
    }),
    edge('front', 'orders', {
      traffic: traffic({ rate: 5, failed: 10, requests: { rate: 5, p99: 80_000, failed: 25 } }),
      health: 'failing',
      healthReason: 'refused',
    }),
    edge('catalogue', 'db', { ports: [5432], traffic: traffic({ rate: 0.5 }) }),
    edge('orders', 'bank', { ports: [443], traffic: traffic({ rate: 2 }) }),
  ],
);
