// SPDX-License-Identifier: Apache-2.0
import { Dictionary, encodeMessage, MAX_PAYLOAD_BYTES } from '@undermesh/schema';
import Value from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { Identity } from '../../src/identity/identity.js';
import { Workloads } from '../../src/identity/workloads.js';
import { Listeners } from '../../src/listeners/listeners.js';
import { ServiceNames } from '../../src/mesh/index.js';
import { dictionarySource } from '../../src/uplink/dictionary.js';

describe('dictionary', () => {
  const workloads = new Workloads();
  const options = { rules: [], systemCgroups: [], mount: '/nowhere', scope: '/', tail: () => undefined };
  const identity = new Identity(workloads, { ...options, processes: '/nowhere' });
  const services = new ServiceNames();
  const listeners = new Listeners({ identity, collector: undefined });
  const source = dictionarySource({ workloads, services, listeners });

  it('is told whole in frames that fit, then only what is new', () => {
    const long = 'x'.repeat(253);
    for (let i = 0; i < 5_000; i++) {
      const name = `${i}-${long}`.slice(0, 253);
      const origin = 'o'.repeat(600);
      workloads.intern({ namespace: long, name, version: long, kind: 'configured', system: false, origin });
    }
    for (let id = 1; id <= 3_000; id++) services.learn(id, `${long}/${`${id}-${long}`.slice(0, 253)}`);
    const whole = source.whole();
    expect(whole.map(({ full }) => full)).toEqual([true, ...Array(whole.length - 1).fill(false)]);
    expect(whole.flatMap((part) => part.workloads)).toHaveLength(5_001);
    expect(whole.flatMap((part) => part.services ?? [])).toHaveLength(3_000);
    for (const part of whole) {
      expect(Value.Check(Dictionary, part)).toBe(true);
      expect(encodeMessage(part).byteLength).toBeLessThan(MAX_PAYLOAD_BYTES);
    }
    expect(source.changes()).toEqual([]);
    services.learn(3_001, 'shop/cart');
    workloads.intern({ namespace: 'host', name: 'new', kind: 'process', system: false });
    const [change] = source.changes();
    expect(change?.full).toBe(false);
    expect(change?.workloads.map(({ name }) => name)).toEqual(['new']);
    expect(change?.services).toEqual([{ id: 3_001, namespace: 'shop', name: 'cart' }]);
    expect(source.changes()).toEqual([]);
  });
});
