// SPDX-License-Identifier: Apache-2.0
// Attaches congestion controls of test/fixtures, which nobody selects: node struct-ops.mjs <object>. A program of its own,
// as libbpf has to be newer than some distributions have it (LD_LIBRARY_PATH). Prints what it saw as JSON.
import { readFileSync } from 'node:fs';
import { openObject } from '../dist/index.js';

const isThere = () =>
  readFileSync('/proc/sys/net/ipv4/tcp_available_congestion_control', 'utf8').includes('libbpf_ts_test');

const object = openObject(process.argv[2]);
object.load();
const [first, second] = ['first', 'second'].map((name) => object.map(name));
const seen = {};

const trial = object.attachStructOps('second');
seen.attached = isThere();
trial.close();
seen.afterClose = isThere();

const link = object.attachStructOps('first');
seen.inForce = link.info().mapId === first.id;
link.updateMap(second);
seen.replaced = link.info().mapId === second.id;
seen.twice = codeOf(() => first.attachStructOps());
seen.noStructOps = codeOf(() => object.attachStructOps('counts'));
link.close();

const again = first.attachStructOps();
seen.again = isThere() && again.info().mapId === first.id;
again.close();
object.close();
seen.left = isThere();
process.stdout.write(JSON.stringify(seen));

function codeOf(work) {
  try {
    work();
    return null;
  } catch (error) {
    return error.code;
  }
}
