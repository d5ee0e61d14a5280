// SPDX-License-Identifier: Apache-2.0

/**
 * A component that is a pod's cgroup, under each driver of the kubelet:
 *
 * - cgroupfs: `kubepods/burstable/pod1c0f...-...`, with containers `<id>` (containerd) or `crio-<id>` within;
 * - systemd: `kubepods-burstable-pod1c0f..._....slice`, as `-` parts slices; with `cri-containerd-<id>.scope` or
 *   `crio-<id>.scope` within;
 * - a runtime that is told slices but has the cgroupfs driver makes one of each container beside itself:
 *   `kubepods-burstable-pod1c0f..._....slice:cri-containerd:<id>`.
 *
 * The uid is a UUID, or, of a static pod, 32 digits.
 */
const POD =
  /^(?:[^/]*kubepods(?:-[a-z]+)?-)?pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice(?::[a-z-]+:[0-9a-f]+)?)?$/;

const HOLDER =
  /(?:^|\/)(?:[^/]+-)?kubepods(?:-[a-z]+)?(?:\.slice)?(?:(?<=kubepods)\/(?:burstable|besteffort))?$/;

/** Whether pods' cgroups are made in a cgroup: `/kubepods`, `/kubepods/burstable`, `/kubelet.slice/kubelet-kubepods.slice`. */
export const holdsPods = (path: string): boolean => HOLDER.test(path);

/** The uid of the pod whose cgroup a component is; those of the cgroupfs driver count below `kubepods` only. */
export function podUidOf(component: string): string | undefined {
  return POD.exec(component)?.[1]?.replaceAll('_', '-');
}

/** The uid of the pod that a cgroup path is of, or is below; `undefined` for any other. */
export function podOfPath(path: string): string | undefined {
  if (!path.includes('kubepods')) return undefined;
  for (const component of path.split('/')) {
    const uid = podUidOf(component);
    if (uid !== undefined) return uid;
  }
  return undefined;
}
