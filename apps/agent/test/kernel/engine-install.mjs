// SPDX-License-Identifier: Apache-2.0
// Installs a build of the engine and ends by SIGKILL at a step:
// node engine-install.mjs <pins> <instance> <object> <size> <step>
// Prints the steps that it came by.
import { installEngine } from '../../dist/kernel/engine-install.js';
import { EngineStore } from '../../dist/kernel/engine-store.js';
import { ownerOf } from '../../dist/kernel/observe.js';

const [pins, instance, objectFile, entries, killAt] = process.argv.slice(2);
let steps = 0;
const store = new EngineStore(pins, instance, () => {
  if (++steps === Number(killAt)) process.kill(process.pid, 'SIGKILL');
});
const { problem } = installEngine(store, {
  objectFile,
  extraFiles: {
    waypoint: objectFile.replace('dual_engine', 'waypoint'),
    preface: objectFile.replace('dual_engine', 'preface'),
    native: objectFile.replace('dual_engine', 'kernel_native'),
  },
  sizes: { services: 256, endpoints: Number(entries) },
  owner: ownerOf(instance),
  marksOwnership: true,
  shared: new Map(),
});
if (problem !== undefined) throw problem;
process.stdout.write(String(steps));
