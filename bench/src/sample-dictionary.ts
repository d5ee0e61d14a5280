// SPDX-License-Identifier: Apache-2.0
import type { Dictionary } from '@undermesh/schema';
import { placeOf, SERVER_PORT } from './sample-records.js';

/** Who there is in a sample: so many clients and servers, each alone in a network namespace. */
export interface SampleMesh {
  readonly clients: number;
  readonly servers: number;
  /** The namespaces that clients are spread over, and as many for servers; default 1. */
  readonly namespaces?: number;
}

/** The agent's number of the workload behind a client or a server. */
export const workloadsOf = ({ clients }: SampleMesh) => ({
  client: (number: number) => 1 + number,
  server: (number: number) => 1 + clients + number,
});

/** What an agent would tell beforehand: who there is, at which addresses, and who listens. */
export function sampleDictionary(mesh: SampleMesh): Dictionary {
  const { clients, servers, namespaces = 1 } = mesh;
  const workloadOf = workloadsOf(mesh);
  const everyone = [
    ...Array.from({ length: clients }, (_, number) => ({ kind: 'client' as const, number })),
    ...Array.from({ length: servers }, (_, number) => ({ kind: 'server' as const, number })),
  ];
  return {
    full: true,
    workloads: everyone.map(({ kind, number }) => ({
      id: workloadOf[kind](number),
      namespace: `${kind}s-${number % namespaces}`,
      name: `${kind}-${number}`,
      kind: 'configured',
      system: false,
    })),
    namespaces: everyone.map(({ kind, number }) => {
      const { address, netnsCookie } = placeOf(kind, number);
      return { netnsCookie: netnsCookie.toString(), addresses: [address.join('.')] };
    }),
    listeners: Array.from({ length: servers }, (_, number) => ({
      address: '0.0.0.0',
      port: SERVER_PORT,
      netnsCookie: placeOf('server', number).netnsCookie.toString(),
      workloadId: workloadOf.server(number),
      open: true,
    })),
  };
}
