// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { holdsPods, podOfPath } from '../../src/identity/pod-cgroup.js';

const UID = '1c0f6c1e-5b2d-4d5c-9d3e-0123456789ab';
const SLICED = UID.replaceAll('-', '_');
const STATIC = '0123456789abcdef'.repeat(2);
const CONTAINER = 'ab12'.repeat(16);

describe('the pod of a cgroup path', () => {
  it.each([
    ['cgroupfs, containerd', `/kubepods/burstable/pod${UID}/${CONTAINER}`],
    ['cgroupfs, guaranteed', `/kubepods/pod${UID}`],
    ['cgroupfs, CRI-O', `/kubepods/besteffort/pod${UID}/crio-${CONTAINER}`],
    ['cgroupfs, below a container', `/docker/${CONTAINER}/kubelet/kubepods/burstable/pod${UID}/${CONTAINER}`],
    [
      'systemd, containerd',
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${SLICED}.slice/cri-containerd-${CONTAINER}.scope`,
    ],
    ['systemd, guaranteed, CRI-O', `/kubepods.slice/kubepods-pod${SLICED}.slice/crio-${CONTAINER}.scope`],
    ['systemd, with a root', `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${SLICED}.slice`],
    [
      'slices under the cgroupfs driver',
      `/system.slice/containerd.service/kubepods-besteffort-pod${SLICED}.slice:cri-containerd:${CONTAINER}`,
    ],
  ])('%s', (_, path) => {
    expect(podOfPath(path)).toBe(UID);
  });

  it('of a static pod is the hash of its manifest', () => {
    expect(podOfPath(`/kubepods/burstable/pod${STATIC}/${CONTAINER}`)).toBe(STATIC);
    expect(podOfPath(`/kubepods.slice/kubepods-pod${STATIC}.slice`)).toBe(STATIC);
  });

  it.each([
    `/system.slice/docker-${CONTAINER}.scope`,
    '/kubepods.slice/kubepods-burstable.slice',
    `/machine.slice/libpod-${CONTAINER}.scope`,
    `/pod${UID}`,
    `/kubepods/podium.service`,
    '/',
  ])('%s is of none', (path) => {
    expect(podOfPath(path)).toBeUndefined();
  });

  it('is made within cgroups of the kubelet', () => {
    const within = [
      '/kubepods',
      '/docker/x/kubelet/kubepods/burstable',
      '/kubepods.slice',
      '/kubepods.slice/kubepods-burstable.slice',
      '/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice',
    ];
    expect(within.filter(holdsPods)).toEqual(within);
    const others = [
      '/kubelet.slice',
      '/burstable',
      '/notkubepods',
      '/kubepods.slice/burstable',
      '/kubepods/podium',
    ];
    expect(others.filter(holdsPods)).toEqual([]);
  });
});
