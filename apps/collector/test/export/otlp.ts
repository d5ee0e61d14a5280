// SPDX-License-Identifier: Apache-2.0
import { createRequire } from 'node:module';

/** A message as protobuf.js generates it. */
interface MessageType {
  decode(body: Uint8Array): object;
  toObject(message: object, options: { longs: NumberConstructor; defaults: boolean }): object;
}
type Service = 'metrics' | 'logs' | 'trace';

/**
 * The official definitions of OTLP, compiled: the last release of OpenTelemetry's own transformer that carried them. What
 * the collector sends is written by another one, which has no generated code.
 */
const { opentelemetry } = createRequire(import.meta.url)('otlp-protos/build/src/generated/root.js') as {
  opentelemetry: { proto: { collector: Record<Service, { v1: Record<string, MessageType | undefined> }> } };
};

interface KeyValue {
  key: string;
  value: { stringValue?: string; intValue?: number };
}
export interface Point {
  attributes: Record<string, string | number | undefined>;
  value: number;
}
export interface Metric {
  name: string;
  monotonic: boolean;
  cumulative: boolean;
  points: Point[];
  histogram: HistogramPoint[];
}
export interface LogRecord {
  eventName: string;
  body: string | undefined;
  attributes: Point['attributes'];
}

const attributes = (list: KeyValue[] | undefined): Point['attributes'] =>
  Object.fromEntries((list ?? []).map(({ key, value }) => [key, value.stringValue ?? value.intValue]));

function decode<T>(service: Service, body: Uint8Array): T {
  const name = `Export${service.charAt(0).toUpperCase()}${service.slice(1)}ServiceRequest`;
  const type = opentelemetry.proto.collector[service].v1[name];
  if (type === undefined) throw new Error(`OTLP has no ${name}`);
  return type.toObject(type.decode(body), { longs: Number, defaults: false }) as T;
}

interface WirePoint {
  attributes?: KeyValue[];
  asDouble?: number;
  asInt?: number;
}
interface WireHistogramPoint {
  attributes?: KeyValue[];
  count?: number;
  sum?: number;
  explicitBounds?: number[];
  bucketCounts?: number[];
}
export interface HistogramPoint {
  attributes: Point['attributes'];
  count: number;
  sum: number;
  bounds: number[];
  counts: number[];
}
interface WireMetrics {
  resourceMetrics?: {
    scopeMetrics?: {
      metrics?: {
        name: string;
        gauge?: { dataPoints?: WirePoint[] };
        sum?: { dataPoints?: WirePoint[]; isMonotonic?: boolean; aggregationTemporality?: number };
        histogram?: { dataPoints?: WireHistogramPoint[]; aggregationTemporality?: number };
      }[];
    }[];
  }[];
}
export function decodeMetrics(body: Uint8Array): Metric[] {
  const { resourceMetrics = [] } = decode<WireMetrics>('metrics', body);
  return resourceMetrics
    .flatMap(({ scopeMetrics = [] }) => scopeMetrics)
    .flatMap(({ metrics = [] }) => metrics)
    .map(({ name, gauge, sum, histogram }) => ({
      name,
      monotonic: sum?.isMonotonic === true,
      cumulative: (sum ?? histogram)?.aggregationTemporality === 2,
      histogram: (histogram?.dataPoints ?? []).map((point) => ({
        attributes: attributes(point.attributes),
        count: point.count ?? 0,
        sum: point.sum ?? 0,
        bounds: point.explicitBounds ?? [],
        counts: point.bucketCounts ?? [],
      })),
      points: ((sum ?? gauge)?.dataPoints ?? []).map((point) => ({
        attributes: attributes(point.attributes),
        value: point.asInt ?? point.asDouble ?? 0,
      })),
    }));
}

interface WireLogs {
  resourceLogs?: {
    scopeLogs?: {
      logRecords?: { eventName?: string; body?: { stringValue?: string }; attributes?: KeyValue[] }[];
    }[];
  }[];
}
export function decodeLogs(body: Uint8Array): LogRecord[] {
  const { resourceLogs = [] } = decode<WireLogs>('logs', body);
  return resourceLogs
    .flatMap(({ scopeLogs = [] }) => scopeLogs)
    .flatMap(({ logRecords = [] }) => logRecords)
    .map((record) => ({
      eventName: record.eventName ?? '',
      body: record.body?.stringValue,
      attributes: attributes(record.attributes),
    }));
}

interface WireTrace {
  resourceSpans?: {
    resource?: { attributes?: KeyValue[] };
    scopeSpans?: { spans?: { name: string; attributes?: KeyValue[] }[] }[];
  }[];
}
export function decodeSpans(
  body: Uint8Array,
): { service: unknown; name: string; attributes: Point['attributes'] }[] {
  const { resourceSpans = [] } = decode<WireTrace>('trace', body);
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) =>
    scopeSpans
      .flatMap(({ spans = [] }) => spans)
      .map((span) => ({
        service: attributes(resource?.attributes)['service.name'],
        name: span.name,
        attributes: attributes(span.attributes),
      })),
  );
}
