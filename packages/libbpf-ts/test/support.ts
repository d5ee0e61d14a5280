// SPDX-License-Identifier: Apache-2.0
//
// What the tests share: compiled fixtures, and kernel things of their own that vanish with the test.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, onTestFinished } from 'vitest';
import { type BpfObject, findCgroup2Mount, mountBpffs, openObject, unmountBpffs } from '../src/index.js';

const root = process.getuid?.() === 0;

/** A suite that needs root; skipped with the reason in its name otherwise. */
export function describeAsRoot(name: string, suite: () => void): void {
  if (root) describe(name, suite);
  else describe.skip(`${name} (skipped: needs root)`, suite);
}

/** Path of the compiled fixture `name`.bpf.c. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`out/${name}.bpf.o`, import.meta.url));
}

/** A fixture in the kernel until the end of the test. */
export function loadFixture(name: string, configure: (object: BpfObject) => void = () => {}): BpfObject {
  const object = openObject(fixture(name));
  onTestFinished(() => object.close());
  configure(object);
  object.load();
  return object;
}

/** A bpffs of its own until the end of the test. */
export function temporaryBpffs(): string {
  const path = mkdtempSync(join(tmpdir(), 'libbpf-ts-bpffs-'));
  mountBpffs(path);
  onTestFinished(() => {
    unmountBpffs(path);
    rmSync(path, { recursive: true });
  });
  return path;
}

let cgroups = 0;

/** A cgroup of its own until the end of the test. */
export function temporaryCgroup(): string {
  const path = join(findCgroup2Mount(), `libbpf-ts-${process.pid}-${cgroups++}`);
  mkdirSync(path);
  onTestFinished(() => rmdirSync(path));
  return path;
}

/** How a child process in `cgroup` fares that opens and closes `count` TCP connections to itself on 127.0.0.1. */
export async function connectInCgroup(cgroup: string, count: number): Promise<number> {
  const script = `
    const net = require('node:net');
    process.stdin.once('data', () => {
      const server = net.createServer((socket) => socket.end()).listen(0, '127.0.0.1', async () => {
        for (let i = 0; i < ${count}; i++) {
          await new Promise((done, failed) => {
            net.connect(server.address().port, '127.0.0.1').on('error', failed).on('close', done).resume();
          });
        }
        server.close();
        process.stdin.destroy();
      });
    });`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'ignore', 'inherit'] });
  writeFileSync(join(cgroup, 'cgroup.procs'), String(child.pid));
  child.stdin.write('go');
  return await new Promise((resolve) => child.on('exit', (code) => resolve(code ?? -1)));
}

/** A connection over 127.0.0.1 that stays open until the end of the test. */
export async function openConnection(): Promise<{ port: number; client: Socket }> {
  const server = createServer((socket) => socket.on('error', () => {}));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const client = connect(port, '127.0.0.1').on('error', () => {});
  await new Promise((connected) => client.once('connect', connected));
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  return { port, client };
}

/** A 32-bit number as a key or value. */
export function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

/** A 64-bit number as a value. */
export function u64(value: number | bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
}

/** The number in the first 4 bytes. */
export function readU32(bytes: Uint8Array | undefined): number | undefined {
  return bytes && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

/** The number in the first 8 bytes. */
export function readU64(bytes: Uint8Array | undefined): number | undefined {
  return bytes && Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
}

/** What `work` throws. */
export function thrownBy(work: () => unknown): Error & Record<string, unknown> {
  try {
    work();
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error('nothing was thrown');
}
