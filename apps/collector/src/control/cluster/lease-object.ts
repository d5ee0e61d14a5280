// SPDX-License-Identifier: Apache-2.0

/** A `Lease` of `coordination.k8s.io/v1`, as far as it is of use. */
export interface LeaseObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly holderIdentity?: string | null;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

/** Who wants it next. */
const WANTED_BY = 'undermesh.io/wanted-by';
/** Hash and number of the last line of the change log, when it was renewed last. */
const HEAD = 'undermesh.io/head';

export const holderOf = ({ spec }: LeaseObject): string | null => spec.holderIdentity || null;
export const wantedBy = ({ metadata }: LeaseObject): string | null =>
  metadata.annotations?.[WANTED_BY] || null;
export const headOf = ({ metadata }: LeaseObject): string | null => metadata.annotations?.[HEAD] ?? null;

/** What changes when it is held on. */
export const beatOf = ({ spec }: LeaseObject): string =>
  `${spec.holderIdentity} ${spec.renewTime} ${spec.leaseTransitions}`;

/** Microseconds, as the API has them. */
const now = (): string => new Date().toISOString().replace('Z', '000Z');

/** It is held by `identity` from now on. */
export function held(
  lease: LeaseObject,
  { identity, seconds }: { readonly identity: string; readonly seconds: number },
): LeaseObject {
  const { spec, metadata } = lease;
  const isNew = spec.holderIdentity !== identity;
  const time = now();
  const { [WANTED_BY]: wanted, ...annotations } = metadata.annotations ?? {};
  return {
    metadata: {
      ...metadata,
      annotations:
        wanted === undefined || wanted === identity ? annotations : { ...annotations, [WANTED_BY]: wanted },
    },
    spec: {
      ...spec,
      holderIdentity: identity,
      leaseDurationSeconds: seconds,
      renewTime: time,
      ...(isNew ? { acquireTime: time, leaseTransitions: (spec.leaseTransitions ?? 0) + 1 } : {}),
    },
  };
}

/** It is nobody's from now on. */
export const released = ({ metadata, spec: { holderIdentity: _, ...spec } }: LeaseObject): LeaseObject => ({
  metadata,
  spec: { ...spec, renewTime: now(), leaseDurationSeconds: 1 },
});

/** Whoever holds it is asked to let go of it. */
export const wanted = (lease: LeaseObject, identity: string): LeaseObject =>
  annotated(lease, WANTED_BY, identity);

/** It says where the change log ends. */
export const headed = (lease: LeaseObject, head: string): LeaseObject => annotated(lease, HEAD, head);

const annotated = (lease: LeaseObject, name: string, value: string): LeaseObject => ({
  ...lease,
  metadata: { ...lease.metadata, annotations: { ...lease.metadata.annotations, [name]: value } },
});
