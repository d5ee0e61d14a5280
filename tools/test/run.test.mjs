// SPDX-License-Identifier: Apache-2.0
// What a run made is undone when it stops, when it is killed, and when both it and its keeper were killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkPorts } from '../host.mjs';
import { identityOf, isAlive } from '../testbed/owners.mjs';

vi.setConfig({ testTimeout: 300_000 });

const state = mkdtempSync(join(tmpdir(), 'undermesh-run-'));
const module = (name) => JSON.stringify(fileURLToPath(new URL(`../${name}`, import.meta.url)));
const testbed = `undermesh-test-run-${process.pid}`;

beforeEach(() => rmSync(state, { recursive: true, force: true }));
afterAll(() => rmSync(state, { recursive: true, force: true }));

// A small launcher: a testbed, a program in it that ignores SIGTERM, one that notices our end, a keeper.
const launcher = (script) => `
  import { Processes, startKeeper } from ${module('processes.mjs')};
  import { Run, recordedRun } from ${module('run.mjs')};
  import { Testbed } from ${module('testbed/testbed.mjs')};
  const run = new Run();
  const processes = new Processes(run);
  const keeper = startKeeper(run);
  const testbed = await Testbed.create('${testbed}');
  run.add({ kind: 'testbed', name: testbed.name });
  const namespace = testbed.namespace('left');
  const stubborn = processes.start({ name: 'stubborn', command: ['sh', '-c', 'trap "" TERM; while :; do sleep 1; done'],
    place: { namespace, cgroup: testbed.cgroup('left') } });
  const polite = processes.start({ name: 'polite', command: ['cat'] });
  await new Promise((resolve) => setTimeout(resolve, 300)); // until its trap is set
  console.log(JSON.stringify({ stubborn: stubborn.child.pid, polite: polite.child.pid, keeper: keeper.pid }));
  ${script}
`;

async function launch(script) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', launcher(script)], {
    env: { ...process.env, UNDERMESH_STATE: state },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (text) => (errors += text));
  const [line] = await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error(errors))),
  ]);
  const pids = JSON.parse(line);
  const identities = Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, identityOf(pid)]));
  return { child, ...identities, errors: () => errors };
}

async function until(condition, timeoutMs = 60_000) {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`still not so after ${timeoutMs} ms: ${condition}`);
    await pause(20);
  }
}

function expectNothingLeft({ stubborn, polite }) {
  expect([isAlive(stubborn), isAlive(polite)]).toEqual([false, false]);
  expect(existsSync(`/run/netns/${testbed}-left`)).toBe(false);
  expect(existsSync(join(state, 'run.json'))).toBe(false);
}

describe('a run', () => {
  it('undoes what it made, last first, and kills what does not stop in time', async () => {
    const launched = await launch(`
      processes.stop();
      const undone = [];
      await run.undo({ graceMs: () => 300, onThing: ({ kind }) => undone.push(kind),
        onTrouble: (thing, error) => undone.push(error.message) });
      keeper.stdin.end();
      console.log(undone.join());
      process.exit(0);`);
    const [rest] = await once(launched.child.stdout, 'data');
    expect(String(rest).trim()).toBe(
      'process,process,stubborn did not stop when asked and was killed,testbed',
    );
    await until(() => !isAlive(launched.keeper));
    expectNothingLeft(launched);
  });

  it('is undone by its keeper when it is killed', async () => {
    const launched = await launch('setInterval(() => {}, 1000);');
    launched.child.kill('SIGKILL');
    await until(() => !isAlive(launched.keeper), 35_000);
    expectNothingLeft(launched);
  });

  it('is undone by its keeper when its end of their pipe is gone before it', async () => {
    const launched = await launch('keeper.stdin.destroy(); setInterval(() => {}, 1000);');
    await pause(500); // a killed process may take that long from closing its files to its end
    expect(isAlive(launched.keeper)).toBe(true);
    launched.child.kill('SIGKILL');
    await until(() => !isAlive(launched.keeper), 35_000);
    expectNothingLeft(launched);
  });

  it('is undone by the next one when its keeper was killed too', async () => {
    const launched = await launch('setInterval(() => {}, 1000);');
    process.kill(launched.keeper.pid, 'SIGKILL');
    launched.child.kill('SIGKILL');
    await until(() => !isAlive(launched.polite)); // its standard input ended
    expect(isAlive(launched.stubborn)).toBe(true);

    const script = `import { recordedRun } from ${module('run.mjs')}; await recordedRun().undo({ graceMs: () => 100 });`;
    const next = spawn(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, UNDERMESH_STATE: state },
      stdio: 'inherit',
    });
    await once(next, 'exit');
    expectNothingLeft(launched);
  });

  it('says which program died, and where its log is', async () => {
    const launched = await launch(`
      processes.on('death', (failure) => { console.log(failure.message + ' ' + failure.log); });
      processes.start({ name: 'brittle', command: ['sh', '-c', 'echo out of luck >&2; exit 3'] });
      setInterval(() => {}, 1000);`);
    const [text] = await once(launched.child.stdout, 'data');
    await until(() => existsSync(join(state, 'logs/brittle.log')));
    expect(String(text)).toContain('out of luck');
    await until(() => readFileSync(join(state, 'logs/brittle.log'), 'utf8').includes('out of luck'));
    launched.child.kill('SIGKILL');
    await until(() => !isAlive(launched.keeper), 35_000);
  });
});

it('says which port is taken and what to do', async () => {
  const server = createServer().listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const { port } = server.address();
  await expect(checkPorts([['the collector', port]])).rejects.toThrow(
    `port ${port}, for the collector, is in use`,
  );
  server.close();
});
