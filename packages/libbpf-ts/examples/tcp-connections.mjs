// SPDX-License-Identifier: Apache-2.0
//
// Prints the TCP connections (IPv4) of a cgroup as they are established. Needs root and clang.
//   node examples/tcp-connections.mjs [cgroup] [command ...]
// With a command: makes a cgroup of its own, runs the command in it, and ends with it:
//   node examples/tcp-connections.mjs -- curl -s http://127.0.0.1:8080/
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { clockPairNs, findCgroup2Mount, openObject, RingBuffer } from '@undermesh/libbpf-ts';

const RECORD_BYTES = 32; // struct connection_record

function compile() {
  const source = new URL('tcp-connections.bpf.c', import.meta.url).pathname;
  const object = join(tmpdir(), `tcp-connections-${process.pid}.bpf.o`);
  const headers = `-I/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
  execFileSync('clang', ['-O2', '-g', '-target', 'bpf', headers, '-c', source, '-o', object], {
    stdio: 'inherit',
  });
  return object;
}

function print(records, count) {
  const { boottime, realtime } = clockPairNs();
  const view = new DataView(records.buffer, records.byteOffset);
  const address = (at) => Array.from(records.subarray(at, at + 4)).join('.');
  for (let at = 0; at < count * RECORD_BYTES; at += RECORD_BYTES) {
    const when = new Date(
      Number((view.getBigUint64(at, true) - boottime + realtime) / 1_000_000n),
    ).toISOString();
    const local = `${address(at + 8)}:${view.getUint32(at + 16, true)}`;
    const remote = `${address(at + 12)}:${view.getUint32(at + 20, false)}`;
    const arrow = view.getUint32(at + 24, true) === 1 ? '<-' : '->';
    process.stdout.write(`${when} ${local} ${arrow} ${remote}\n`);
  }
}

const separator = process.argv.indexOf('--');
const command = separator < 0 ? [] : process.argv.slice(separator + 1);
const own = join(findCgroup2Mount(), `tcp-connections-${process.pid}`);
const cgroup = command.length > 0 ? own : (process.argv[2] ?? findCgroup2Mount());
if (command.length > 0) mkdirSync(own);

const compiled = compile();
const object = openObject(compiled);
rmSync(compiled);
try {
  object.load();
  const link = object.program('record_established').attachCgroup(cgroup);
  const ring = new RingBuffer(object.map('connection_records'));
  const target = new Uint8Array(1024 * RECORD_BYTES);

  let running = true;
  process.once('SIGINT', () => {
    running = false;
  });
  if (command.length > 0) {
    const child = spawn('sh', ['-c', `echo $$ > ${own}/cgroup.procs && exec "$@"`, 'sh', ...command], {
      stdio: 'inherit',
    });
    child.once('exit', () => {
      running = false;
    });
  }
  for (let last = false; !last; ) {
    last = !running;
    print(target, ring.readRecords(target, RECORD_BYTES).records);
    if (!last) await sleep(10);
  }
  ring.close();
  link.close();
} finally {
  object.close();
  if (command.length > 0) rmdirSync(own);
}
