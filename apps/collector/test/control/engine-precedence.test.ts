// SPDX-License-Identifier: Apache-2.0
import type { Engine, Problem } from '@undermesh/schema';
import { describe, expect, it } from 'vitest';
import { EngineAgent } from '../../test-support/index.js';
import { eventually } from '../support/collector.js';
import { put, settled, start, stop, told } from './engine-mesh.js';

describe('precedence', () => {
  it('a label wins over the API, says so, and gives way when it is gone', async () => {
    const mesh = await start();
    const agent = new EngineAgent(mesh.agent('shop-1'));
    await agent.connect();
    await put(mesh, 'shop-1', { engine: 'dual-engine', reason: 'by hand' });
    await agent.ordered(1);
    agent.obey();
    await agent.leave();
    await agent.connect({ labels: { 'undermesh.io/engine': 'off', pool: 'general' } });
    await agent.ordered(2);
    agent.obey();
    await settled(mesh, 'shop-1', { desired: 'off', setBy: 'label', generation: 2, state: 'in-force' });
    const refused = await put<Problem>(mesh, 'shop-1', { engine: 'dual-engine', reason: 'a' });
    expect([refused.status, refused.body.code]).toEqual([409, 'engine_managed']);
    expect(refused.body.detail).toContain('undermesh.io/engine=off');
    await agent.leave();
    await agent.connect();
    await agent.ordered(3);
    agent.obey();
    await settled(mesh, 'shop-1', { desired: 'dual-engine', setBy: 'api', who: 'm.chen', generation: 3 });
  });

  it('a label of the Node in the cluster wins while the cluster says so, also while it says nothing', async () => {
    const mesh = await start();
    const agent = new EngineAgent(mesh.agent('shop-1'));
    const label = (engine: Engine | null, known = true): void => agent.say({ nodeLabel: { known, engine } });
    await agent.connect();
    label(null, false);
    await put(mesh, 'shop-1', { engine: 'dual-engine', reason: 'by hand' });
    await agent.ordered(1);
    agent.obey();
    label('off');
    await agent.ordered(2);
    agent.obey();
    await settled(mesh, 'shop-1', { desired: 'off', setBy: 'label', generation: 2, state: 'in-force' });
    const refused = await put<Problem>(mesh, 'shop-1', { engine: 'dual-engine', reason: 'a' });
    expect([refused.status, refused.body.code]).toEqual([409, 'engine_managed']);
    expect(refused.body.detail).toContain('undermesh.io/engine=off');
    // The agent starts anew while the API server is away: that is no removal of the label.
    await agent.leave();
    await agent.connect({ engine: { ...agent.engine, nodeLabel: { known: false, engine: null } } });
    label(null, false);
    await settled(mesh, 'shop-1', { desired: 'off', setBy: 'label', generation: 2 });
    label(null);
    await agent.ordered(3);
    agent.obey();
    await settled(mesh, 'shop-1', { desired: 'dual-engine', setBy: 'api', who: 'm.chen', generation: 3 });
  });

  it('the configuration holds until somebody asks for something else', async () => {
    const mesh = await start();
    const agent = new EngineAgent(mesh.agent('shop-1'), {
      configured: 'dual-engine',
      desired: 'dual-engine',
      observed: 'dual-engine',
    });
    await agent.connect({ labels: { 'undermesh.io/engine': 'nonsense' } });
    await settled(mesh, 'shop-1', {
      desired: 'dual-engine',
      setBy: 'config',
      generation: 0,
      state: 'in-force',
      who: null,
    });
    agent.say({ observed: 'off' });
    await settled(mesh, 'shop-1', { state: 'drift', detail: 'The kernel runs off, not dual-engine.' });
  });
});

describe('a collector without memory', () => {
  it('takes what nodes run for what is desired, and changes nothing', async () => {
    const mesh = await start();
    const agent = new EngineAgent(mesh.agent('shop-1'), {
      desired: 'dual-engine',
      observed: 'dual-engine',
      generation: 7,
      desiredSeen: 7,
    });
    await agent.connect();
    await settled(mesh, 'shop-1', {
      desired: 'dual-engine',
      generation: 7,
      who: 'collector',
      state: 'in-force',
    });
    expect(await told(mesh)).toEqual(['engine_adopted | dual-engine→dual-engine | 7 api collector | ']);
    await put(mesh, 'shop-1', { engine: 'off', reason: 'a' });
    await agent.ordered(8);
    expect(agent.wire.commands).toHaveLength(1);
  });

  it('that went back to an older state follows the nodes, and counts on from there', async () => {
    const first = await start();
    const agent = new EngineAgent(first.agent('shop-1'));
    await agent.connect();
    await put(first, 'shop-1', { engine: 'dual-engine', reason: 'a' });
    await agent.ordered(1);
    agent.obey();
    agent.say({ desired: 'off', observed: 'off', generation: 5, desiredSeen: 5 });
    await settled(first, 'shop-1', { desired: 'off', generation: 5, state: 'in-force', who: 'collector' });
    expect(agent.wire.commands).toHaveLength(1);
  });

  it('has a node that kept something else keep what it runs', async () => {
    const mesh = await start();
    const agent = new EngineAgent(mesh.agent('shop-1'), {
      desired: 'dual-engine',
      observed: 'off',
      generation: 0,
      desiredSeen: 4,
    });
    await agent.connect();
    await agent.ordered(5);
    expect(agent.wire.commands).toMatchObject([{ engine: 'off', generation: 5 }]);
  });

  it('goes on where it stopped, when it has its log', async () => {
    const first = await start();
    const { data } = first.collector.config;
    const agent = new EngineAgent(first.agent('shop-1'));
    await agent.connect();
    await put(first, 'shop-1', { engine: 'dual-engine', reason: 'a' });
    await stop(first);
    const second = await start(data);
    await settled(second, 'shop-1', {
      desired: 'dual-engine',
      generation: 1,
      state: 'silent',
      observed: null,
    });
    await put(second, 'shop-1', { engine: 'off', reason: 'while it is away' });
    const again = new EngineAgent(second.agent('shop-1'), { ...agent.engine });
    await again.connect();
    await again.ordered(2);
    expect(again.wire.commands).toMatchObject([{ engine: 'off', generation: 2 }]);
    again.obey();
    await settled(second, 'shop-1', { state: 'in-force', generation: 2 });
  });
});

describe('drift', () => {
  it('is told once, and once more when it is mended', async () => {
    const mesh = await start();
    const agent = new EngineAgent(mesh.agent('shop-1'));
    await agent.connect();
    const what = 'connect4 was detached from /shop';
    const drift = { what, sinceMs: Date.now() };
    agent.say({ drift: [{ ...drift, mended: false }] });
    await settled(mesh, 'shop-1', { state: 'drift', detail: what });
    agent.say({ drift: [{ ...drift, mended: false }] });
    expect(await mesh.get<string>('/metrics')).toContain('undermesh_engine_drift{node="shop-1"} 1');
    agent.say({ drift: [{ ...drift, mended: true }] });
    await settled(mesh, 'shop-1', {
      state: 'in-force',
      drift: [{ what, mended: true, since: expect.any(String) }],
    });
    agent.say({ drift: [{ ...drift, mended: true }] });
    agent.say({ drift: [{ what: 'mended at once', sinceMs: Date.now(), mended: true }] });
    const expected = [
      `engine_drifted | null→null |  | ${what}`,
      `engine_mended | null→null |  | ${what}`,
      'engine_drifted | null→null |  | mended at once',
      'engine_mended | null→null |  | mended at once',
    ];
    await eventually(async () => expect(await told(mesh)).toEqual(expected));
  });
});
