// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false, default: {} } as const;
const seconds = (value: number, description: string) =>
  Type.Integer({ minimum: 2, maximum: 315_360_000, default: value, description });
const file = (description: string) => Type.String({ default: '', description });

/** `collector.tls`: how what is served is encrypted, and how long certificates live. */
export const TlsConfig = Type.Object(
  {
    mode: Type.Enum(['auto', 'own', 'files', 'off'], {
      default: 'auto',
      description:
        '`own`: by a certificate authority of its own, made at the first start; `files`: by a certificate of yours; `off`: not at all; `auto`: `off` on loopback, `own` elsewhere.',
    }),
    insecure: Type.Boolean({
      default: false,
      description:
        'Allow `off` on other addresses than loopback: tokens and records can then be read on the way.',
    }),
    certificateFile: file('With `files`: the certificate and what stands between it and its authority, PEM.'),
    keyFile: file('With `files`: its private key, PEM.'),
    caFile: file(
      'With `files`: the authority that agents are to trust, PEM; empty: those that their systems trust.',
    ),
    certificateSeconds: seconds(
      2_592_000,
      'With `own`: life of the certificate of the collector; renewed at 2/3.',
    ),
    agentCertificateSeconds: seconds(
      2_592_000,
      'Life of the certificate of an agent, which renews it at 2/3.',
    ),
  },
  closed,
);
export type TlsConfig = Static<typeof TlsConfig>;

/** `collector.join`: who gets a certificate. */
export const JoinConfig = Type.Object(
  {
    tokenSeconds: seconds(3_600, 'How long a join token can be used.'),
    kubernetes: Type.Object(
      {
        enabled: Type.Boolean({
          default: false,
          description: 'Agents join by the token of their service account, which the API server reviews.',
        }),
        audience: Type.String({
          minLength: 1,
          default: 'undermesh',
          description: 'Audience that their tokens are made for.',
        }),
        serviceAccount: Type.String({
          pattern: '^[a-z0-9-]+/[a-z0-9.-]+$',
          default: 'undermesh/undermesh-agent',
          description: 'Service account of the agents, `namespace/name`.',
        }),
        caConfigMap: Type.String({
          pattern: '^([a-z0-9-]+/[a-z0-9.-]+)?$',
          default: '',
          description:
            'ConfigMap, `namespace/name`, into which the authority that agents are to trust is written as `ca.crt`; empty: none.',
        }),
        kubeconfig: file('File that says where the API server is; empty: the service account of the pod.'),
      },
      closed,
    ),
  },
  closed,
);
export type JoinConfig = Static<typeof JoinConfig>;
