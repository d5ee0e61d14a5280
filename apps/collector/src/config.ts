// SPDX-License-Identifier: Apache-2.0
import { LOG_LEVELS, loadConfig } from '@undermesh/core';
import { type Static, Type } from 'typebox';
import { ControlConfig } from './control/config.js';
import type { OtelSignals } from './export/otel.js';
import { JoinConfig, TlsConfig } from './tls/config.js';

const closed = { additionalProperties: false, default: {} } as const;
const count = (value: number, description: string) =>
  Type.Integer({ minimum: 1, default: value, description });

/** Everything that can be set under `collector:`. */
export const CollectorConfig = Type.Object(
  {
    listen: Type.Object(
      {
        address: Type.String({ default: '127.0.0.1', description: 'Address to listen on.' }),
        port: Type.Integer({
          minimum: 0,
          maximum: 65535,
          default: 7070,
          description: 'Port; 0 takes a free one.',
        }),
      },
      closed,
    ),
    data: Type.String({
      default: '/var/lib/undermesh/collector',
      description: 'Directory for everything that is kept.',
    }),
    cluster: Type.String({ default: 'default', description: 'Name of the cluster that is shown.' }),
    hosts: Type.Array(Type.String(), {
      default: [],
      description:
        'Host names, beside loopback and plain addresses, under which the collector may be called.',
    }),
    basePath: Type.String({
      pattern: '^(/[A-Za-z0-9._~-]+)*/?$',
      default: '/',
      description:
        'Path below which a reverse proxy, which leaves paths as they are, shows dashboard and API, e.g. `/mesh/`.',
    }),
    trustedProxies: Type.Array(Type.String(), {
      default: [],
      description:
        'Addresses and prefixes of reverse proxies: their `X-Forwarded-For`, `-Host` and `-Proto` are believed.',
    }),
    web: Type.String({
      default: '',
      description: 'Directory of the dashboard; the one beside the program when empty.',
    }),
    log: Type.Object(
      {
        level: Type.Enum([...LOG_LEVELS], {
          default: 'info',
          description: 'Least severe level that is logged.',
        }),
      },
      closed,
    ),
    auth: Type.Object(
      {
        read: Type.Enum(['auto', 'open', 'token'], {
          default: 'auto',
          description:
            'Who may read: anybody, or holders of the token. `auto`: open on loopback with no trusted proxy before it, token elsewhere.',
        }),
      },
      closed,
    ),
    tls: TlsConfig,
    join: JoinConfig,
    control: ControlConfig,
    store: Type.Object(
      {
        driver: Type.Enum(['duckdb', 'memory'], { default: 'duckdb', description: 'Where records live.' }),
        retentionSeconds: count(86_400, 'How long records are kept.'),
        rollupRetentionSeconds: count(
          2_678_400,
          'How long the figures of each hour are kept; longer than records.',
        ),
        maxBytes: Type.Integer({
          minimum: 0,
          default: 0,
          description: 'Most bytes that the store may take on disk; 0 leaves it to the store.',
        }),
      },
      closed,
    ),
    ingest: Type.Object(
      {
        maxAgents: count(1000, 'Agents connected at a time.'),
        credits: Type.Integer({
          minimum: 1,
          maximum: 1024,
          default: 256,
          description: 'Record frames of one agent in flight.',
        }),
        inFlightBytes: count(268_435_456, 'Bytes of all frames that are not yet durable.'),
        helloTimeoutMs: count(5_000, 'Time for an agent to say hello.'),
        idleTimeoutMs: count(15_000, 'Silence after which an agent is hung up on.'),
      },
      closed,
    ),
    limits: Type.Object(
      {
        edges: count(100_000, 'Edges between workloads on nodes, by port.'),
        openEnds: count(500_000, 'Open connection ends that are followed.'),
        joins: count(1_000_000, 'Ends that wait to be joined, per generation of two minutes.'),
        cells: count(
          3_300_000,
          'Edge figures per bucket that are kept in memory, all buckets together; the oldest minutes go first.',
        ),
        addresses: count(1000, 'New outside addresses that get a name, per hour.'),
        series: count(20_000, 'Label sets per Istio metric.'),
        subscriptions: count(16, 'Live subscriptions per browser connection.'),
        liveClients: count(200, 'Browser connections.'),
      },
      closed,
    ),
    health: Type.Object(
      {
        requestErrors: Type.Number({
          minimum: 0,
          maximum: 1,
          default: 0.01,
          description: 'Share of HTTP requests with status 5xx or no answer that is a warning when exceeded.',
        }),
        p99Ms: Type.Number({
          minimum: 0,
          default: 0,
          description: 'p99 of the time to the first byte, ms, that is a warning when exceeded; 0 for none.',
        }),
      },
      closed,
    ),
    otel: Type.Object(
      {
        records: Type.Boolean({
          default: false,
          description: 'Send each ended connection as an OpenTelemetry log.',
        }),
      },
      closed,
    ),
  },
  { additionalProperties: false, default: {} },
);
export type CollectorConfig = Static<typeof CollectorConfig>;

/** What the process was started with, as far as it is not configuration. */
export interface Environment {
  /** Stop when the parent process goes away. */
  readonly supervised: boolean;
  /** Standard OpenTelemetry variables that turn the export on. */
  readonly otel: OtelSignals;
}

/** The only place that reads the process's environment. Throws UndermeshError `config_invalid`. */
export function readConfig(options: {
  file?: string | undefined;
  flags?: Readonly<Record<string, string | undefined>>;
}): { config: CollectorConfig; environment: Environment } {
  const { env } = process;
  const config = loadConfig({ section: 'collector', schema: CollectorConfig, env, ...options });
  const otel = otelSignals(env, config.otel.records);
  return {
    config,
    environment: {
      supervised: env.UNDERMESH_SUPERVISED === '1',
      otel,
    },
  };
}

/** What the OpenTelemetry specification gives for OTEL_METRIC_EXPORT_INTERVAL. */
const METRIC_EXPORT_MS = 60_000;

type Signal = 'METRICS' | 'TRACES' | 'LOGS';

/**
 * Which signals to export. The SDK reads the same variables and would send all three once there is an endpoint, so
 * those that are off are written down as `none`: traces are sent only when asked for by name, records as logs only
 * when `otel.records` is set.
 */
function otelSignals(env: NodeJS.ProcessEnv, records: boolean): Environment['otel'] {
  const isOn = (signal: Signal, wanted: boolean): boolean => {
    const exporter = env[`OTEL_${signal}_EXPORTER`];
    const named = exporter !== undefined && exporter !== '' && exporter !== 'none';
    const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT ?? env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`];
    const on =
      env.OTEL_SDK_DISABLED !== 'true' && exporter !== 'none' && wanted && (named || endpoint !== undefined);
    if (!on) env[`OTEL_${signal}_EXPORTER`] = 'none';
    return on;
  };
  const tracesNamed = env.OTEL_TRACES_EXPORTER !== undefined && env.OTEL_TRACES_EXPORTER !== '';
  const exporters = (env.OTEL_METRICS_EXPORTER || 'otlp').split(',').map((name) => name.trim());
  const protocol = env.OTEL_EXPORTER_OTLP_METRICS_PROTOCOL ?? env.OTEL_EXPORTER_OTLP_PROTOCOL;
  return {
    metrics: isOn('METRICS', true),
    traces: isOn('TRACES', tracesNamed),
    logs: isOn('LOGS', records),
    otlp: exporters.includes('otlp')
      ? {
          protocol: protocol || 'http/protobuf',
          exportIntervalMs: Number(env.OTEL_METRIC_EXPORT_INTERVAL) || METRIC_EXPORT_MS,
        }
      : null,
  };
}
