// SPDX-License-Identifier: Apache-2.0
// In a guest: `node engine-inside.mjs undermesh.ko`. Takes the agent's engine through what a node goes through, each step on
// what the one before left. Prints "ok STEP" or "not ok STEP: REASON". Nothing is cleaned up: it is gone with the guest.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { BpfLink } from '@undermesh/libbpf-ts';
import {
  Engine,
  EngineStore,
  findObjects,
  hasStructOps,
  readModuleCounters,
  resolveScope,
} from '../../../../apps/agent/dist/kernel/index.js';
import { compile, difference, flatten, IdBook } from '../../../../apps/agent/dist/mesh/index.js';
import { findCommand } from '../../../packages.mjs';

const [module] = process.argv.slice(2);
const OWNER = 7;
const PINS = '/sys/fs/bpf/undermesh';
const CGROUP = '/sys/fs/cgroup/shop';
const VIRTUAL = '10.96.0.1';
const objects = findObjects('');

mkdirSync(CGROUP);
const server = createServer((_request, response) => response.end('at home')).listen(8080, '127.0.0.1');

let store;
let engine;
let came = 0;
const openEngine = (endpoints = 1024) => {
  store = new EngineStore(PINS, 'test');
  engine = new Engine(store, {
    objectFile: objects.engine,
    extraFiles: objects.extras,
    scope: resolveScope('/sys/fs/cgroup'),
    sizes: { services: 256, endpoints },
    owner: OWNER,
    marksOwnership: false,
    shared: new Map(),
    enrol: ['/shop'],
    waypoints: [],
    onEndpointGone: () => {},
    onNativeAvailable: () => came++,
  });
};
const busybox = (...parameters) => spawnSync(findCommand('busybox'), parameters, { encoding: 'utf8' });
const load = () => execFileSync(findCommand('busybox'), ['insmod', module]);
const unload = () => busybox('rmmod', 'undermesh').status === 0;
/** The kernel frees programs some time after nobody has them any more. */
const unloads = async () => {
  for (let tries = 0; tries < 50; tries++) {
    if (unload()) return true;
    await pause(200);
  }
  return false;
};
const available = () => engine.readback().available['kernel-native'];
const routers = () => readModuleCounters().get('routers');
/** Linux 6.9 and later: a link of a struct_ops; before it a program that the module was told of. */
const isLinked = hasStructOps();
const ROUTERS = '/proc/undermesh_routers';
const router = () => {
  if (!isLinked) return { id: OWNER, serves: readFileSync(ROUTERS, 'utf8') };
  const link = BpfLink.openPinned(store.routerPath);
  try {
    const { id, mapId } = link.info();
    return { id, serves: mapId };
  } finally {
    link.close();
  }
};
const takeRouterAway = () => {
  if (isLinked) unlinkSync(store.routerPath);
  else writeFileSync(ROUTERS, `remove ${OWNER}`);
};
const tick = (times = 1) => {
  for (let i = 0; i < times; i++) engine.tick();
};

/** One service whose only endpoint is the server above. */
function steer() {
  const [name, namespace, address] = ['home', 'shop', '127.0.0.1'];
  const endpoint = { address, family: 'v4', ports: { http: 8080 }, state: 'usable', weight: 1 };
  const service = {
    namespace,
    name,
    addresses: { v4: [VIRTUAL], v6: [] },
    ports: [{ name: 'http', port: 80, protocol: 'tcp', appProtocol: null, http: true, targetPort: 8080 }],
    balancing: 'weighted-random',
    locality: { mode: 'none', scopes: [] },
    maxConnections: null,
    waypoint: null,
    endpoints: [{ ...endpoint, node: null, zone: null, region: null }],
    routes: [],
  };
  const mesh = { services: new Map([['shop/home', service]]), waypoints: new Map(), nodes: new Map() };
  const here = { node: null, zone: null, region: null };
  const contents = compile(mesh, { here, book: new IdBook(engine.maps.written), prefaces: true });
  engine.maps.write(difference(engine.maps.written, flatten(contents.values())));
}

/** What a client in the enrolled cgroup hears. */
async function ask() {
  const command = `echo $$ >${CGROUP}/cgroup.procs && exec curl -sS -m 20 http://${VIRTUAL}/`;
  const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
  await new Promise((ended) => child.on('close', ended));
  return said;
}

const steps = {
  'without the module it is refused, with the command': async () => {
    openEngine();
    steer();
    assert.match(available(), /not loaded: run `modprobe undermesh`/);
    await assert.rejects(engine.apply({ engine: 'kernel-native', generation: 1 }), /modprobe undermesh/);
    assert.equal(engine.readback().engine, 'off');
  },
  'the module comes, and the next look takes it': async () => {
    load();
    tick();
    assert.equal(available(), true);
    assert.equal(came, 1);
    assert.equal(engine.native.held, false);
    assert.equal(routers(), 0);
  },
  'while nothing is in force the module can be unloaded, and loaded again': async () => {
    assert.ok(await unloads());
    tick();
    assert.match(available(), /not loaded/);
    load();
    tick();
    assert.equal(came, 2);
  },
  'put in force it steers, with a router, and the module stays': async () => {
    const began = performance.now();
    await engine.apply({ engine: 'kernel-native', generation: 1 });
    process.stdout.write(`# in force after ${(performance.now() - began).toFixed(0)} ms\n`);
    assert.equal(engine.readback().engine, 'kernel-native');
    assert.equal(routers(), 1);
    assert.equal(await ask(), 'at home');
    assert.equal(unload(), false);
    tick(5);
    assert.equal(engine.native.held, true);
  },
  'the next run takes it up as it is': async () => {
    const before = { ...router(), programs: idsOf() };
    engine.close();
    openEngine();
    assert.deepEqual({ ...router(), programs: idsOf() }, before);
    assert.deepEqual(engine.readback().drift, []);
    assert.equal(engine.readback().engine, 'kernel-native');
    assert.equal(available(), true);
    assert.equal(await ask(), 'at home');
  },
  'a router that somebody took away is put back, and told': async () => {
    takeRouterAway();
    tick();
    assert.ok(routers() >= 1); // the kernel takes its time to let the old one go
    assert.ok(router().serves);
    assert.equal(await ask(), 'at home');
    assert.match(engine.readback().drift[0].what, /router of kernel-native was taken away/);
  },
  'another build takes its place in the same link': async () => {
    const before = router();
    engine.close();
    openEngine(2048);
    const after = router();
    assert.equal(after.id, before.id);
    assert.notEqual(after.serves, before.serves);
    assert.equal(engine.readback().engine, 'kernel-native');
    assert.equal(await ask(), 'at home');
  },
  'switched away it lets go, and the module can be unloaded': async () => {
    await engine.apply({ engine: 'dual-engine', generation: 2 });
    assert.equal(await ask(), 'at home');
    assert.equal(engine.native.held, true);
    tick(4);
    assert.equal(engine.native.held, false);
    assert.equal(available(), true);
    assert.ok(await unloads());
    tick();
    assert.match(available(), /not loaded/);
    assert.equal(await ask(), 'at home');
  },
  'switched to it once more, and everything removed': async () => {
    load();
    tick();
    await engine.apply({ engine: 'kernel-native', generation: 3 });
    assert.equal(await ask(), 'at home');
    engine.close();
    EngineStore.remove(PINS, 'test');
    assert.ok(await unloads());
  },
};

const idsOf = () => [...engine.hooks(false)].map(({ name, programId }) => `${name} ${programId}`);

for (const [name, step] of Object.entries(steps)) {
  try {
    await step();
    process.stdout.write(`ok ${name}\n`);
  } catch (error) {
    process.stdout.write(`not ok ${name}: ${error.message}\n${error.stack}\n`);
    process.exitCode = 1;
    break;
  }
}
server.close();
process.stdout.write(readFileSync('/proc/modules', 'utf8').includes('undermesh') ? '# still loaded\n' : '');
process.exit();
