// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';

/** `agent.tls`: how the agent knows its collector, and where it keeps what makes the collector know it. */
export const TlsConfig = Type.Object(
  {
    directory: Type.String({
      minLength: 1,
      default: '/var/lib/undermesh/tls',
      description: 'Where key and certificate of the agent are kept, below the name of the instance',
    }),
    caFile: Type.String({
      default: '',
      description:
        'Authorities that vouch for the collector, PEM, read at every connect; empty: the one learned at joining, else those that the system trusts',
    }),
    serverName: Type.String({
      maxLength: 253,
      default: '',
      description:
        'Name that the certificate of the collector has to bear; empty: the one in `collector.url`',
    }),
  },
  { default: {}, additionalProperties: false },
);
export type TlsConfig = Static<typeof TlsConfig>;

/** `agent.join`: how the agent comes by its first certificate, where `undermesh-agent join` has not been run. */
export const JoinConfig = Type.Object(
  {
    tokenFile: Type.String({
      default: '',
      description: 'File with the token that `undermesh agents add` printed; used once',
    }),
    serviceAccountToken: Type.String({
      default: '',
      description:
        'In Kubernetes: file with a projected token of the service account, for the audience of the collector',
    }),
  },
  { default: {}, additionalProperties: false },
);
export type JoinConfig = Static<typeof JoinConfig>;
