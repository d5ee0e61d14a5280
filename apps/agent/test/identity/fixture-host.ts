// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { encodeConnectionRecord, RecordEvent, Reporter } from '@undermesh/bpf-abi';

interface FixtureProcess {
  readonly comm: string;
  readonly startTicks: number;
  readonly argv?: readonly string[];
  readonly executable?: string;
  /** Text of /proc/<pid>/cgroup. */
  readonly cgroup?: string;
}

/** A cgroup2 mount and a procfs in a temporary directory. */
export class FixtureHost {
  readonly #root = mkdtempSync(join(tmpdir(), 'undermesh-host-'));
  readonly mount = join(this.#root, 'cgroup');
  readonly processes = join(this.#root, 'proc');

  constructor() {
    mkdirSync(this.mount);
    mkdirSync(this.processes);
  }

  /** Makes a cgroup; answers its id. */
  cgroup(path: string): number {
    mkdirSync(join(this.mount, path), { recursive: true });
    return statSync(join(this.mount, path)).ino;
  }

  /** Out of the tree only: the number of a cgroup is never given again, that of a directory may be. */
  removeCgroup(path: string): void {
    renameSync(join(this.mount, path), mkdtempSync(join(this.#root, 'gone-')));
  }

  /** Lets a process begin, in place of one with the same pid. */
  begin(
    pid: number,
    { comm, startTicks, argv = [comm], executable = `/usr/bin/${comm}`, cgroup = '0::/\n' }: FixtureProcess,
  ): void {
    this.end(pid);
    const directory = join(this.processes, String(pid));
    mkdirSync(directory);
    const fields = ['S', ...Array.from({ length: 18 }, () => '0'), String(startTicks), '0'];
    writeFileSync(join(directory, 'stat'), `${pid} (${comm}) ${fields.join(' ')}\n`);
    writeFileSync(join(directory, 'comm'), `${comm}\n`);
    writeFileSync(join(directory, 'cmdline'), `${argv.join('\0')}\0`);
    writeFileSync(join(directory, 'cgroup'), cgroup);
    symlinkSync(executable, join(directory, 'exe'));
    symlinkSync('/srv/shop', join(directory, 'cwd'));
  }

  end(pid: number): void {
    rmSync(join(this.processes, String(pid)), { recursive: true, force: true });
  }

  remove(): void {
    rmSync(dirname(this.mount), { recursive: true });
  }
}

/** One record as words, as the drain hands it over. */
export function recordWords(fields: {
  cgroupId: number;
  pid: number;
  process: string;
  openedNs?: number;
  reporter?: number;
  event?: number;
  flags?: number;
}): Uint32Array {
  const zeros = new Uint8Array(16);
  const bytes = encodeConnectionRecord({
    kind: 1,
    event: fields.event ?? RecordEvent.CLOSED,
    reporter: fields.reporter ?? Reporter.SOURCE,
    family: 1,
    reason: 1,
    engine: 0,
    flags: fields.flags ?? 1,
    timeNs: 0n,
    openedNs: BigInt(fields.openedNs ?? 0),
    socketCookie: 1n,
    cgroupId: BigInt(fields.cgroupId),
    netnsCookie: 1n,
    sentBytes: 0n,
    receivedBytes: 0n,
    localAddress: zeros,
    peerAddress: zeros,
    originalAddress: zeros,
    process: fields.process,
    connectUs: 0,
    clientIsn: 0,
    serverIsn: 0,
    pid: fields.pid,
    workloadId: 0,
    serviceId: 0,
    srttUs: 0,
    minRttUs: 0,
    segmentsSent: 0,
    segmentsReceived: 0,
    retransmittedSegments: 0,
    lostSegments: 0,
    deliveredSegments: 0,
    retransmittedBytes: 0,
    localPort: 1,
    peerPort: 2,
    originalPort: 2,
    generation: 0,
  });
  return new Uint32Array(bytes.buffer);
}
