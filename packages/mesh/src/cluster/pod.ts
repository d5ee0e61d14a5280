// SPDX-License-Identifier: Apache-2.0
import { readDataplaneMode } from '../kubernetes/dataplane-mode.js';
import { Field } from '../kubernetes/field.js';
import type { ObjectName } from '../model.js';
import { type Owner, ownerOf } from './owner.js';

/** A pod, as far as its traffic is concerned. A pod of the same name that follows it is another pod. */
export interface Pod extends ObjectName {
  /** As its cgroup is named: the uid, but of a static pod the hash of its manifest. */
  readonly uid: string;
  /** What runs it. */
  readonly owner: Owner;
  readonly version: string | null;
  /** The label `istio.io/dataplane-mode`, in lower case. */
  readonly dataplaneMode: string | null;
  readonly hostNetwork: boolean;
  /** Somebody's proxy was put beside its containers. */
  readonly sidecar: boolean;
  /** The Gateway that it implements. */
  readonly gateway: string | null;
  /** It is Undermesh's own. */
  readonly system: boolean;
  /** Its containers have ended for good. */
  readonly finished: boolean;
}

const SIDECAR = 'sidecar.istio.io/status';
const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name';
/** The name in the API of a pod that the kubelet runs from a file. */
const CONFIG_HASH = 'kubernetes.io/config.hash';
const PART_OF = 'app.kubernetes.io/part-of';
const VERSIONS = ['service.istio.io/canonical-revision', 'app.kubernetes.io/version', 'version'];

/** Reads a pod. The API server has checked it: nothing can be wrong with what is looked at here. */
export function readPod(value: unknown): Pod {
  const pod = new Field(value, [], { report: () => {}, unknownFields: 'passed over' });
  const metadata = pod.get('metadata');
  const labels = metadata.get('labels');
  const annotations = metadata.get('annotations');
  const phase = pod.get('status').get('phase').value;
  return {
    namespace: textOf(metadata.get('namespace')) ?? 'default',
    name: textOf(metadata.get('name')) ?? '',
    uid: textOf(annotations.get(CONFIG_HASH)) ?? textOf(metadata.get('uid')) ?? '',
    owner: ownerOf(pod),
    version: VERSIONS.map((name) => textOf(labels.get(name))).find((text) => text !== null) ?? null,
    dataplaneMode: readDataplaneMode(labels),
    hostNetwork: pod.get('spec').get('hostNetwork').value === true,
    sidecar: annotations.get(SIDECAR).present,
    gateway: textOf(labels.get(GATEWAY_NAME)),
    system: textOf(labels.get(PART_OF)) === 'undermesh',
    finished: phase === 'Succeeded' || phase === 'Failed',
  };
}

const textOf = ({ value }: Field): string | null =>
  typeof value === 'string' && value !== '' ? value : null;
