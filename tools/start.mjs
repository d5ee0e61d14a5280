// SPDX-License-Identifier: Apache-2.0
// npm start: from a fresh checkout to a running mesh on this machine.
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { mountBpffs } from './bpffs.mjs';
import { prepare } from './build.mjs';
import { createNodes, demoIdentity, openBookshop } from './demo.mjs';
import { checkHost, checkPorts } from './host.mjs';
import { announce, newToken, nodeName, startAgents, startCollector } from './mesh.mjs';
import { startedByNpm } from './paths.mjs';
import { Processes, startKeeper } from './processes.mjs';
import { Run, recordedRun } from './run.mjs';
import { explain, Failure, plain, say, warn } from './say.mjs';
import { isAlive } from './testbed/owners.mjs';
import { sweep } from './testbed/testbed.mjs';

const usage = `npm start [-- options]
  --demo        with the bookshop: three nodes on this machine
  --rate N      requests per second that its shoppers make (default 60)
  --port N      the collector's port (default 7070); agents take those after it
  --new-token   forget the operator token and print a new one
`;

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        demo: { type: 'boolean', default: false },
        rate: { type: 'string', default: '60' },
        port: { type: 'string', default: '7070' },
        'new-token': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const [rate, port] = [Number(values.rate), Number(values.port)];
    if (!(rate > 0 && rate <= 10_000)) throw new Error(`--rate ${values.rate}: a number up to 10000`);
    if (!(Number.isInteger(port) && port > 0 && port < 65_500))
      throw new Error(`--port ${values.port}: a port`);
    return { ...values, rate, port };
  } catch (error) {
    throw new Failure(error.message, { mend: `\n${usage}` });
  }
}

// What an earlier run left when it was killed.
async function cleanUpAfterFormerRun() {
  const former = recordedRun();
  if (former && isAlive(former.owner)) {
    throw new Failure(`Undermesh runs already, as process ${former.owner.pid}`, {
      mend: `stop it first (kill ${former.owner.pid}), or set UNDERMESH_STATE to another directory and --port to another port`,
    });
  }
  if (isAlive(former?.keeper)) {
    say('an earlier run is still being cleaned up: waiting ...');
    for (let i = 0; i < 300 && isAlive(former.keeper); i += 1) await pause(100);
  }
  const left = recordedRun();
  if (left) {
    say('cleaning up after an earlier run that was killed ...');
    await left.undo({ onTrouble: (_, error) => warn(plain(String(error.stderr || error.message))) });
  }
  await sweep();
}

async function startAll(processes, { demo, rate, port, 'new-token': renew }) {
  const { run } = processes;
  const mountPoint = mountBpffs();
  if (mountPoint) run.add({ kind: 'bpffs', mountPoint });
  if (renew) say(newToken());
  const collector = await startCollector(processes, { port });
  say('collector   running');
  const { testbed, nodes } = demo ? await createNodes(run) : { testbed: undefined, nodes: [] };
  const host = { name: nodeName(), cgroup: '/', port: port + 1 };
  const all = [...nodes.map((node, index) => ({ ...node, port: port + 2 + index })), host];
  await startAgents(processes, all, {
    collectorPort: port,
    identity: demo ? demoIdentity : [],
    system: { 'undermesh-collector': collector.child.pid, 'undermesh-launcher': process.pid },
  });
  say(`agents      running on ${all.map(({ name }) => name).join(', ')}`);
  if (demo) {
    await openBookshop(processes, { testbed, rate });
    say('bookshop    open');
  }
  return { tokenShown: renew || collector.isNew };
}

/** Resolves when somebody asks us to stop. Asked again, `force` is called. */
function untilAsked(force) {
  return new Promise((resolve) => {
    let asked = false;
    const ask = () => {
      if (asked) force();
      asked = true;
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, ask);
    const parent = process.ppid;
    if (startedByNpm) setInterval(() => process.ppid !== parent && !asked && ask(), 500).unref();
  });
}

async function main() {
  const options = readOptions();
  checkHost('npm start');
  await prepare(options.demo ? ['start', 'demo'] : ['start']);
  await cleanUpAfterFormerRun();
  const agentCount = options.demo ? 4 : 1;
  await checkPorts([
    ['the collector', options.port],
    ...Array.from({ length: agentCount }, (_, index) => ['an agent', options.port + 1 + index]),
  ]);

  const run = new Run();
  const processes = new Processes(run);
  const keeper = startKeeper(run);
  let forced = false;
  const asked = untilAsked(() => {
    forced = true;
  });
  let failure;
  const died = once(processes, 'death').then(([error]) => error);
  try {
    const started = startAll(processes, options).then(({ tokenShown }) =>
      announce({ ...options, tokenShown }),
    );
    started.catch(() => {});
    await Promise.race([started, asked]);
    failure = await Promise.race([asked, died]);
    processes.stop();
    await started.catch(() => {}); // what is half made is written down by now
  } catch (error) {
    failure = error;
  }
  if (failure) explain(failure);
  say('stopping ...');
  processes.stop();
  await run.undo({
    graceMs: () => (forced ? 0 : 35_000),
    onTrouble: (_, error) => warn(plain(String(error.stderr || error.message))),
  });
  keeper.stdin.end();
  say('stopped');
  process.exit(failure ? 1 : 0);
}

main().catch((error) => {
  explain(error);
  process.exit(1);
});
