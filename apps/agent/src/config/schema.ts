// SPDX-License-Identifier: Apache-2.0
import { hostname } from 'node:os';
import { LOG_LEVELS } from '@undermesh/core';
import { ENGINES, type Engine, NAME_PATTERN } from '@undermesh/schema';
import { type Static, Type } from 'typebox';
import { MeshConfig } from './mesh.js';
import { JoinConfig, TlsConfig } from './tls.js';

const Milliseconds = (value: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 60_000, default: value, description });

/** How the path of a cgroup names what runs in it. The first rule that matches wins. */
export const IdentityRule = Type.Object(
  {
    cgroup: Type.String({
      description:
        'Path below the cgroup2 mount. `:namespace`, `:workload` and `:version` capture, `*` matches within a component, a leading `**/` any parents, a trailing `/**` anything below',
    }),
    namespace: Type.Optional(Type.String({ pattern: NAME_PATTERN, description: 'In place of a capture' })),
    workload: Type.Optional(Type.String({ pattern: NAME_PATTERN, description: 'In place of a capture' })),
    version: Type.Optional(Type.String({ pattern: NAME_PATTERN, description: 'In place of a capture' })),
  },
  { additionalProperties: false },
);
export type IdentityRule = Static<typeof IdentityRule>;

/** The section `agent:` of undermesh.yaml. */
export const AgentConfig = Type.Object(
  {
    node: Type.String({
      pattern: NAME_PATTERN,
      default: hostname(),
      description: 'Name of this node; its credential is bound to it',
    }),
    cluster: Type.String({
      pattern: NAME_PATTERN,
      default: 'default',
      description: 'Cluster the node belongs to',
    }),
    instance: Type.String({
      pattern: '^[A-Za-z0-9_.-]{0,64}$',
      default: '',
      description: 'Tells agents of one machine apart: lock and pins; default: the name of the node',
    }),
    cgroup: Type.String({
      default: '/',
      description:
        'What to observe: a path below the cgroup2 mount, or absolute below it; `/` is the whole host',
    }),
    collector: Type.Object(
      {
        url: Type.String({
          pattern: '^(ws|http)s?://',
          default: 'ws://127.0.0.1:7070/ingest/v1',
          description: 'Where records go; `wss://` or `https://` with TLS',
        }),
        credentialFile: Type.String({
          default: '/var/lib/undermesh/agent.credential',
          description: 'Without TLS: file with the agent credential, mode 0600; read at every connect',
        }),
        maxBackoff: Type.Integer({
          minimum: 0,
          maximum: 300_000,
          default: 0,
          description: 'Longest pause between connects, ms; 0: 5,000 to a loopback address, else 30,000',
        }),
      },
      { default: {}, additionalProperties: false },
    ),
    tls: TlsConfig,
    join: JoinConfig,
    listen: Type.Object(
      {
        host: Type.String({ default: '127.0.0.1', description: 'Address of /metrics, /healthz and /readyz' }),
        port: Type.Integer({
          minimum: 0,
          maximum: 65_535,
          default: 7071,
          description: 'Port; 0 takes a free one',
        }),
      },
      { default: {}, additionalProperties: false },
    ),
    ringBytes: Type.Integer({
      minimum: 65_536,
      maximum: 1_073_741_824,
      default: 8_388_608,
      description: 'Size of the kernel ring of records; a power of two',
    }),
    memoryBytes: Type.Integer({
      minimum: 1_048_576,
      maximum: 17_179_869_184,
      default: 67_108_864,
      description:
        'Bound of the frames that wait in memory for an acknowledgement; half of it taken, they wait on disk',
    }),
    spool: Type.Object(
      {
        directory: Type.String({
          minLength: 1,
          default: '/var/lib/undermesh/spool',
          description: 'Where frames wait on disk, below the name of the instance',
        }),
        bytes: Type.Integer({
          minimum: 0,
          maximum: 1_099_511_627_776,
          default: 268_435_456,
          description:
            'Bound of the frames on disk; what exceeds it is counted as lost. 0: nothing is kept on disk, and nothing outlives the agent',
        }),
        delay: Milliseconds(500, 'How long a frame waits for its acknowledgement before it is written, ms'),
      },
      { default: {}, additionalProperties: false },
    ),
    drain: Type.Object(
      {
        busy: Milliseconds(10, 'Shortest pause between two readings of the ring, ms'),
        idle: Milliseconds(250, 'Longest pause between two readings of the ring, ms'),
      },
      { default: {}, additionalProperties: false },
    ),
    labels: Type.Record(Type.String({ minLength: 1, maxLength: 317 }), Type.String({ maxLength: 253 }), {
      default: {},
      description:
        'Labels of this node; `undermesh.io/engine` settles its engine before the API and `engine.default` can',
    }),
    engine: Type.Object(
      {
        default: Type.Unsafe<Engine>(
          Type.Enum([...ENGINES], {
            default: 'off',
            description: 'Engine while nobody has ordered another: `off` observes only',
          }),
        ),
        directory: Type.String({
          minLength: 1,
          default: '/var/lib/undermesh/engine',
          description: 'Where the newest order is kept, below the name of the instance',
        }),
      },
      { default: {}, additionalProperties: false },
    ),
    mesh: MeshConfig,
    lookInterval: Milliseconds(250, 'How often open connections are looked at, ms'),
    progressInterval: Milliseconds(5000, 'How often an open and active connection reports, ms'),
    listenerInterval: Milliseconds(1000, 'How often listening sockets are looked at, ms'),
    http: Type.Boolean({
      default: true,
      description: 'Read HTTP/1.1 off the segments: requests, status classes, sizes, latency',
    }),
    programStatistics: Type.Boolean({
      default: false,
      description: 'Have the kernel time every eBPF program of the machine; costs 20 to 30 ns per run',
    }),
    runDirectory: Type.String({ default: '/run/undermesh', description: 'Lock files' }),
    pinDirectory: Type.String({ default: '/sys/fs/bpf/undermesh', description: 'Pins, in a bpffs' }),
    objectFile: Type.String({
      default: '',
      description: 'observe.bpf.o; default: the one of this installation',
    }),
    systemCgroups: Type.Array(Type.String(), {
      default: [],
      description:
        'Cgroup paths of other Undermesh processes, with all below them; patterns as in identity rules',
    }),
    systemProcesses: Type.Array(Type.String({ pattern: '^[A-Za-z0-9_.-]{1,63}=[1-9][0-9]{0,9}$' }), {
      default: [],
      description: 'Other Undermesh processes as name=pid, e.g. undermesh-collector=4711',
    }),
    identity: Type.Array(IdentityRule, { default: [], description: 'How cgroup paths name workloads' }),
    logLevel: Type.Unsafe<(typeof LOG_LEVELS)[number]>(
      Type.Enum([...LOG_LEVELS], { default: 'info', description: 'Least severe level that is logged' }),
    ),
  },
  { additionalProperties: false },
);
export type AgentConfig = Static<typeof AgentConfig>;
