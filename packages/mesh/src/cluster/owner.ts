// SPDX-License-Identifier: Apache-2.0
import type { Field } from '../kubernetes/field.js';

/** What runs a pod: the object that somebody wrote. */
export interface Owner {
  readonly kind: string;
  readonly name: string;
}

/**
 * The owner of a pod. Between it and the pod may stand an object that a controller made, whose name tells of both: the
 * ReplicaSet of a Deployment ends with the hash in the pod's label `pod-template-hash`, the Job of a CronJob with the
 * minute it was due at. So nobody needs to be asked, and no right to read owners is needed.
 */
export function ownerOf(pod: Field): Owner {
  const metadata = pod.get('metadata');
  const name = String(metadata.get('name').value ?? '');
  const controller = metadata
    .get('ownerReferences')
    .list()
    .find((reference) => reference.get('controller').value === true);
  if (controller === undefined) return { kind: 'Pod', name };
  const kind = String(controller.get('kind').value ?? '');
  const owner = String(controller.get('name').value ?? '');
  switch (kind) {
    case 'ReplicaSet': {
      const hash = metadata.get('labels').get('pod-template-hash').value;
      if (typeof hash !== 'string' || !owner.endsWith(`-${hash}`)) return { kind, name: owner };
      return { kind: 'Deployment', name: owner.slice(0, -hash.length - 1) };
    }
    case 'Job':
      return (
        cronJobOf(owner, Date.parse(String(metadata.get('creationTimestamp').value))) ?? { kind, name: owner }
      );
    case 'Node': {
      // A static pod, by the name of its node at the end.
      return { kind: 'Pod', name: name.endsWith(`-${owner}`) ? name.slice(0, -owner.length - 1) : name };
    }
    default:
      return { kind, name: owner };
  }
}

const MINUTE_MS = 60_000;
/** Pods of a Job that was due come later than that; a Job may retry for days. */
const EARLIEST_MS = -MINUTE_MS;
const LATEST_MS = 30 * 24 * 60 * MINUTE_MS;

/** A number at the end of a Job's name is a CronJob's if it is a minute, since 1970, at which the Job can have been due. */
function cronJobOf(job: string, podCreatedAtMs: number): Owner | undefined {
  const [, name, minute] = /^(.+)-(\d{8,10})$/.exec(job) ?? [];
  const lateMs = podCreatedAtMs - Number(minute) * MINUTE_MS;
  if (name === undefined || !(lateMs >= EARLIEST_MS && lateMs <= LATEST_MS)) return undefined;
  return { kind: 'CronJob', name };
}
