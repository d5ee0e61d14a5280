// SPDX-License-Identifier: Apache-2.0
/** One process of the bookshop: `BOOKSHOP='{...}' node dist/main.js`, the assignment as plan.ts describes it. */
import { newCounts, publishCounts } from './counts.js';
import type { Assignment } from './plan.js';
import { contextOf } from './server.js';
import { services } from './services/index.js';

const assignment = JSON.parse(process.env.BOOKSHOP ?? '') as Assignment;
const { id, service } = assignment.workload;
const counts = newCounts(id);
const publish = assignment.countsFile === undefined ? () => {} : publishCounts(counts, assignment.countsFile);

const end = (): void => {
  publish();
  process.exit(0);
};
process.once('SIGTERM', end);
process.once('SIGINT', end);
if (process.env.UNDERMESH_SUPERVISED === '1') process.stdin.once('end', end).once('error', end).resume();

const run = services[service];
if (run === undefined) throw new Error(`The bookshop has no service "${service}".`);
await run(contextOf(assignment, counts));
process.stdout.write(`${id} ready\n`);
