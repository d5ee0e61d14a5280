// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import {
  featureNames,
  kernelFeatures,
  listPrograms,
  possibleCpus,
  probeHelper,
  probeMapType,
  probeProgramType,
} from '../src/index.js';
import { describeAsRoot } from './support.js';

const BPF_FUNC_ringbuf_output = 130;

describeAsRoot('probes', () => {
  test('find what this suite itself uses', () => {
    const features = kernelFeatures();
    expect(Object.keys(features)).toEqual([...featureNames]);
    for (const name of featureNames)
      expect({ name, ...features[name] }).toEqual({ name, available: true, reason: '' });
  });

  test('leave no programs behind', () => {
    const before = listPrograms().length;
    kernelFeatures();
    expect(listPrograms().length).toBeLessThanOrEqual(before);
  });

  test('ask libbpf', () => {
    expect(probeProgramType('sock_ops')).toBe(true);
    expect(probeMapType('ringbuf')).toBe(true);
    expect(probeHelper('sock_ops', BPF_FUNC_ringbuf_output)).toBe(true);
    expect(probeHelper('cgroup_device', 29_999)).toBe(false);
    expect(possibleCpus()).toBeGreaterThan(0);
  });
});
