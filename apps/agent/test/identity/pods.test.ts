// SPDX-License-Identifier: Apache-2.0
import type { Pod } from '@undermesh/mesh';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Identity } from '../../src/identity/identity.js';
import { Workloads } from '../../src/identity/workloads.js';
import { FixtureHost, recordWords } from './fixture-host.js';

const UIDS = ['1c0f6c1e-5b2d-4d5c-9d3e-000000000001', '1c0f6c1e-5b2d-4d5c-9d3e-000000000002'] as const;
const CONTAINER = 'ab12'.repeat(16);

const pod = (uid: string, workload: string, more: Partial<Pod> = {}): Pod => ({
  namespace: 'shop',
  name: `${workload}-7d9f8-x2x`,
  uid,
  owner: { kind: 'Deployment', name: workload },
  version: 'v1',
  dataplaneMode: null,
  hostNetwork: false,
  sidecar: false,
  gateway: null,
  system: false,
  finished: false,
  ...more,
});

describe('identity of pods', () => {
  let host: FixtureHost;
  let pods: Map<string, Pod>;
  beforeEach(() => {
    host = new FixtureHost();
    pods = new Map();
  });
  afterEach(() => host.remove());

  const make = () =>
    new Identity(new Workloads(), {
      rules: [{ cgroup: '/kubepods/ruled/**', workload: 'ruled' }],
      systemCgroups: [],
      mount: host.mount,
      scope: '/',
      tail: () => undefined,
      processes: host.processes,
      pods: { find: (uid) => pods.get(uid) },
    });
  const whose = (identity: Identity, cgroupId: number) =>
    identity.workloads.get(identity.ofRecord(recordWords({ cgroupId, pid: 0, process: 'node' }), 0, 1e11));

  it('is what runs them, whichever container; a rule counts before', () => {
    pods.set(UIDS[0], pod(UIDS[0], 'cart'));
    const first = host.cgroup(`/kubepods/burstable/pod${UIDS[0]}/${CONTAINER}`);
    const other = host.cgroup(`/kubepods/burstable/pod${UIDS[0]}/crio-${CONTAINER}`);
    const ruled = host.cgroup(`/kubepods/ruled/pod${UIDS[0]}/x`);
    const identity = make();
    expect(whose(identity, first)).toMatchObject({
      namespace: 'shop',
      name: 'cart',
      version: 'v1',
      kind: 'kubernetes',
      system: false,
      origin: 'Deployment shop/cart, first seen as pod cart-7d9f8-x2x',
    });
    expect(whose(identity, other)).toBe(whose(identity, first));
    expect(whose(identity, ruled)).toMatchObject({ name: 'ruled', kind: 'configured' });
  });

  it('is their container until the cluster tells of them, and theirs from then on', async () => {
    const cgroup = host.cgroup(
      `/kubepods.slice/kubepods-pod${UIDS[0].replaceAll('-', '_')}.slice/crio-${CONTAINER}.scope`,
    );
    const identity = make();
    expect(whose(identity, cgroup)).toMatchObject({ name: CONTAINER.slice(0, 12), kind: 'container' });
    pods.set(UIDS[0], pod(UIDS[0], 'cart'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(whose(identity, cgroup)).toMatchObject({ name: 'cart', kind: 'kubernetes' });
  });

  it('is that of the pod that made the socket, whoever has its address, name or cgroup path since', async () => {
    const identity = make();
    const generations: number[] = [];
    for (const [at, uid] of UIDS.entries()) {
      // A recycled address is no part of it: the cgroup is the pod's own, and its number is never given again.
      const path = `/kubepods/besteffort/pod${uid}/${CONTAINER}`;
      const id = host.cgroup(path);
      pods.set(uid, pod(uid, at === 0 ? 'cart' : 'basket', { name: 'same-0' }));
      // The tree is looked at no more often than that is cheap.
      await vi.waitFor(() => expect(whose(identity, id)?.name).toBe(at === 0 ? 'cart' : 'basket'), 60_000);
      host.removeCgroup(path);
      pods.delete(uid);
      generations.push(id);
    }
    expect(generations.map((id) => whose(identity, id)?.name)).toEqual(['cart', 'basket']);
  });
});
