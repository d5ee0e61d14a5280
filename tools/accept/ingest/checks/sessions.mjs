// SPDX-License-Identifier: Apache-2.0
// Frames in bulk: handed to the sessions of a collector inside its own process, while a neighbour and an onlooker come over
// real sockets.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MemoryWatch } from '../../../testbed/memory.mjs';
import { Findings } from '../../road/checks/findings.mjs';
import { judgeCodes, judgeLog, judgeMemory } from './judgement.mjs';
import { Neighbour } from './neighbour.mjs';
import { Onlooker } from './onlooker.mjs';

const program = fileURLToPath(new URL('session-process.mjs', import.meta.url));
/** Low enough for all tables to be full early: memory is at its bound from then on. */
const limits = { edges: 5_000, openEnds: 20_000, joins: 20_000, cells: 200_000, addresses: 200 };

/** @param {{ frames: number, seed: number, mostMib: number }} options `mostMib`: by how much memory may still grow */
export async function sessions({ frames, seed, mostMib }) {
  const findings = new Findings();
  const data = mkdtempSync(join(tmpdir(), 'undermesh-ingest-'));
  const options = { data, frames, seed, limits };
  const child = fork(program, [JSON.stringify(options)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const log = [];
  child.stderr.setEncoding('utf8').on('data', (text) => log.push(text));
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`the collector's process ended with ${code ?? signal}: ${log.join('').slice(-2000)}`);
  });
  ended.catch(() => {}); // whoever waits for it is told
  const over = new Promise((resolve) => {
    child.on('message', (message) => message.told && resolve(message));
  });
  let watch;
  try {
    const [to] = await Promise.race([once(child, 'message'), ended]);
    const neighbour = new Neighbour(to);
    await neighbour.start();
    const onlooker = new Onlooker(to.url);
    watch = new MemoryWatch(child.pid);
    const began = performance.now();
    child.send('begin');
    const outcome = await Promise.race([over, ended]);
    const seconds = (performance.now() - began) / 1000;
    watch.stop();
    await onlooker.stop();
    await neighbour.stop();

    const { handed, connections, untold, told, rejected, sorts, totals } = outcome;
    findings.tell('seed', seed);
    findings.holds(`frames handed over, each looked at, ${frames} or more`, handed >= frames, handed);
    findings.tell('seconds', Math.round(seconds));
    findings.tell('connections, eight at a time', connections);
    findings.tell('sorts of frames made', list(sorts));
    judgeCodes(findings, { told, rejected });
    findings.tell('connections that gave no cause', untold);
    findings.tell(
      'frames of records taken in, records in them, invalid ones',
      [totals.frames, totals.records, totals.invalid].join(', '),
    );
    findings.equal('answered "internal"', rejected.internal ?? 0, 0);
    onlooker.judge(findings);
    await neighbour.judge(findings, to.url);
    judgeMemory(findings, { watch, mostMib });
    await neighbour.close();
    child.send('end');
    await once(child, 'exit');
    judgeLog(findings, log.join(''));
    findings.equal('the process ended', child.exitCode, 0);
  } finally {
    watch?.stop();
    if (child.exitCode === null) child.kill('SIGKILL');
    rmSync(data, { recursive: true, force: true });
  }
  return findings.result;
}

const list = (counts) =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([what, count]) => `${what} ${count}`)
    .join(', ');
