// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineAgent } from '@undermesh/collector/test-support';
import { Engines } from '@undermesh/schema';
import Value from 'typebox/value';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask as askIn, eventually, type Stack, startStack, undermesh } from '../stack.js';

let stack: Stack;
let left: EngineAgent;
let right: EngineAgent;
let tokenFile: string;
const timers: NodeJS.Timeout[] = [];

/** An agent that reports, and carries out what it is told within 50 ms. */
async function start(node: string, pool: string): Promise<EngineAgent> {
  const agent = new EngineAgent(await stack.newAgent(node), {
    unavailable: { 'kernel-native': 'no module' },
  });
  await agent.connect({ labels: { pool } });
  timers.push(setInterval(() => agent.say({}), 1000));
  timers.push(
    setInterval(() => {
      if ((agent.wire.commands.at(-1)?.generation ?? 0) > (agent.engine.desiredSeen ?? 0)) agent.obey();
    }, 50),
  );
  return agent;
}

beforeAll(async () => {
  stack = await startStack();
  tokenFile = join(stack.state, 'token');
  writeFileSync(tokenFile, stack.token, { mode: 0o600 });
  left = await start('left', 'general');
  right = await start('right', 'canary');
  await eventually(async () => expect((await ask('engine')).stdout.match(/in force/g)).toHaveLength(2));
});
afterAll(async () => {
  for (const timer of timers) clearInterval(timer);
  await stack.stop();
});

const ask = (...args: string[]) => askIn(args, { UNDERMESH_COLLECTOR: stack.url });
const set = (...args: string[]) => ask('engine', 'set', ...args, '--token-file', tokenFile);

describe('undermesh engine', () => {
  it('lists nodes, desired and observed', async () => {
    const { stdout, stderr, status } = await undermesh(['engine'], { UNDERMESH_COLLECTOR: stack.url });
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(stdout).toMatch(/^left +off +off +in force +none +configuration/m);
    expect(stdout).toMatch(/\n2 nodes\. Change log verified to #\d+\.\n$/);
    const { stdout: json } = await ask('engine', '-o', 'json');
    expect([...Value.Errors(Engines, JSON.parse(json))]).toEqual([]);
  });

  it('set --wait returns when the kernel says so', async () => {
    const { stdout, stderr, status } = await set('left', 'dual-engine', '--reason', 'try it', '--wait');
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(stdout).toMatch(/^left +dual-engine +dual-engine +in force +none +operator/m);
    expect(stdout).not.toContain('right');
    expect(left.engine.observed).toBe('dual-engine');
  });

  it('set takes nodes by labels, and all of them', async () => {
    const canary = await set('dual-engine', '--selector', 'pool=canary', '--reason', 'canary', '--wait');
    expect([canary.status, right.engine.observed]).toEqual([0, 'dual-engine']);
    const all = await set('off', '--all', '--reason', 'enough', '--wait', '-o', 'json');
    expect(all.status).toBe(0);
    const { items } = JSON.parse(all.stdout) as Engines;
    expect(items.map(({ node, engine }) => [node, engine.observed, engine.reason])).toEqual([
      ['left', 'off', 'enough'],
      ['right', 'off', 'enough'],
    ]);
  });

  it.each<[string[], number, string]>([
    [['left', 'warp', '--reason', 'a'], 2, "'warp' is no engine: the last word is one of off, dual-engine"],
    [['left', 'off'], 2, "required option '--reason <text>' not specified"],
    [['left', 'off', '--reason', ' '], 2, '--reason is empty'],
    [['off', '--reason', 'a'], 2, 'Name nodes, or take --all or --selector'],
    [['left', 'off', '--all', '--reason', 'a'], 2, 'Name nodes, or take --all or --selector'],
    [['off', '--all', '--selector', 'a=b', '--reason', 'a'], 2, 'cannot be used with'],
    [['off', '--selector', '=b', '--reason', 'a'], 2, 'Write labels as KEY=VALUE'],
    [['off', '--selector', 'pool=none', '--reason', 'a'], 1, '(no_node_matches)'],
    [['nobody', 'off', '--reason', 'a'], 1, '(node_unknown)'],
    [
      ['left', 'kernel-native', '--reason', 'a'],
      1,
      'cannot run kernel-native: no module (engine_unavailable)',
    ],
    [['nobody', 'right', 'off', '--reason', 'a'], 1, '1 of 2 nodes did not take the order.'],
  ])('set %j ends with %i and says %j', async (args, status, message) => {
    const outcome = await set(...args);
    expect([outcome.status, outcome.stdout]).toEqual([status, '']);
    expect(outcome.stderr).toContain(message);
  });

  it('set without a token says what to do', async () => {
    const { stderr, status } = await ask('engine', 'set', 'left', 'dual-engine', '--reason', 'a');
    expect(status).toBe(1);
    expect(stderr).toContain(
      'Pass the operator token: --token-file FILE, or UNDERMESH_TOKEN. (token_required)',
    );
  });

  it('completes nodes, engines and labels', async () => {
    const offered = (...words: string[]) => ask('__complete', '--', 'engine', 'set', ...words);
    expect((await offered('l')).stdout).toBe('left\n');
    expect((await offered('left', 'right', 'd')).stdout).toBe('dual-engine\n');
    expect((await offered('off', '--selector', 'pool=c')).stdout).toBe('pool=canary\n');
  });

  it('set --wait says what holds a node up', async () => {
    await left.leave();
    const { stderr, status } = await set('left', 'dual-engine', '--reason', 'a', '--wait', '--timeout', '1');
    expect(status).toBe(1);
    expect(stderr).toMatch(/left does not run it yet \(.+\)\. .*the order stands\. \(engine_not_in_force\)/);
  });
});
