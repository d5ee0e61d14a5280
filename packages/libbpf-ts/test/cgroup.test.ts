// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cgroupId, cgroupPrograms, findCgroup2Mount } from '../src/index.js';
import { describeAsRoot, temporaryCgroup, thrownBy } from './support.js';

test('finds cgroup v2 wherever it is mounted', () => {
  expect(existsSync(`${findCgroup2Mount()}/cgroup.procs`)).toBe(true);
});

describeAsRoot('cgroups', () => {
  test('have different ids', () => {
    const first = temporaryCgroup();
    const second = temporaryCgroup();
    expect(cgroupId(first)).not.toBe(cgroupId(second));
    expect(cgroupId(first)).toBeGreaterThan(0n);
  });

  test('that are not there are named', () => {
    const error = thrownBy(() => cgroupPrograms('/no/such/cgroup', 'cgroup_sock_ops'));
    expect(error).toMatchObject({ code: 'BPF_CGROUP', syscall: 'open' });
    expect(error.message).toContain('/no/such/cgroup');
  });
});
