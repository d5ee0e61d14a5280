// SPDX-License-Identifier: Apache-2.0
import protobuf from 'protobufjs';

/** As much of OTLP 1.x as the tests read, by its published field numbers. */
const OTLP = `
syntax = "proto3";
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
message KeyValue { string key = 1; AnyValue value = 2; }
message Resource { repeated KeyValue attributes = 1; }
message Scope { string name = 1; string version = 2; }

message NumberDataPoint {
  fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3;
  oneof value { double as_double = 4; sfixed64 as_int = 6; }
  repeated KeyValue attributes = 7;
}
message Gauge { repeated NumberDataPoint data_points = 1; }
message Sum { repeated NumberDataPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
message Metric { string name = 1; string description = 2; string unit = 3; oneof data { Gauge gauge = 5; Sum sum = 7; } }
message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
message ExportMetrics { repeated ResourceMetrics resource_metrics = 1; }

message LogRecord {
  fixed64 time_unix_nano = 1; int32 severity_number = 2; string severity_text = 3; AnyValue body = 5;
  repeated KeyValue attributes = 6; string event_name = 12;
}
message ScopeLogs { Scope scope = 1; repeated LogRecord log_records = 2; }
message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; }
message ExportLogs { repeated ResourceLogs resource_logs = 1; }

message Span { bytes trace_id = 1; bytes span_id = 2; string name = 5; repeated KeyValue attributes = 9; }
message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message ExportTrace { repeated ResourceSpans resource_spans = 1; }
`;

const { root } = protobuf.parse(OTLP);

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
}
export interface LogRecord {
  eventName: string;
  body: string | undefined;
  attributes: Point['attributes'];
}

const attributes = (list: KeyValue[] | undefined): Point['attributes'] =>
  Object.fromEntries((list ?? []).map(({ key, value }) => [key, value.stringValue ?? value.intValue]));

function decode<T>(type: string, body: Uint8Array): T {
  const message = root.lookupType(type);
  return message.toObject(message.decode(body), { longs: Number, defaults: false }) as T;
}

interface WirePoint {
  attributes?: KeyValue[];
  asDouble?: number;
  asInt?: number;
}
interface WireMetrics {
  resourceMetrics?: {
    scopeMetrics?: {
      metrics?: {
        name: string;
        gauge?: { dataPoints?: WirePoint[] };
        sum?: { dataPoints?: WirePoint[]; isMonotonic?: boolean; aggregationTemporality?: number };
      }[];
    }[];
  }[];
}
export function decodeMetrics(body: Uint8Array): Metric[] {
  const { resourceMetrics = [] } = decode<WireMetrics>('ExportMetrics', body);
  return resourceMetrics
    .flatMap(({ scopeMetrics = [] }) => scopeMetrics)
    .flatMap(({ metrics = [] }) => metrics)
    .map(({ name, gauge, sum }) => ({
      name,
      monotonic: sum?.isMonotonic === true,
      cumulative: sum?.aggregationTemporality === 2,
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
  const { resourceLogs = [] } = decode<WireLogs>('ExportLogs', body);
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
  const { resourceSpans = [] } = decode<WireTrace>('ExportTrace', body);
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
