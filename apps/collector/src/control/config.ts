// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false, default: {} } as const;
/** A name of a Kubernetes object. */
const NAME = '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$';

/** `collector.control`: where is kept what somebody asked for, and has to answer for. */
export const ControlConfig = Type.Object(
  {
    kubernetes: Type.Object(
      {
        enabled: Type.Boolean({
          default: false,
          description:
            'Keep it in ConfigMaps of a cluster, written by one collector at a time, in the place of the data directory.',
        }),
        kubeconfig: Type.String({
          default: '',
          description:
            'File that says where the API server is and who asks; empty: the service account of the pod.',
        }),
        context: Type.String({
          default: '',
          description: 'Context of that file; empty: its current one.',
        }),
        namespace: Type.String({
          default: '',
          pattern: `^$|${NAME}`,
          description: 'Namespace of Lease and ConfigMaps; empty: that of the pod.',
        }),
        name: Type.String({
          default: 'undermesh-control',
          pattern: NAME,
          description: 'Name of the Lease; those of ConfigMaps begin with it.',
        }),
        identity: Type.String({
          default: '',
          maxLength: 253,
          description: 'What this collector is called in the Lease; empty: the name of the host or pod.',
        }),
      },
      closed,
    ),
  },
  closed,
);
export type ControlConfig = Static<typeof ControlConfig>;
