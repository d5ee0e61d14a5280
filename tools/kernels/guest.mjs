// SPDX-License-Identifier: Apache-2.0
// A guest: another kernel, booted by QEMU on the root file system of this machine. The guest sees all files here, may
// change them as it likes, and its changes are gone with it. It has no network beyond its own loopback.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { findCommand } from '../packages.mjs';
import { environment } from '../paths.mjs';
import { Failure, tail } from '../say.mjs';
import { archive } from './cpio.mjs';
import { loadOrder } from './modules.mjs';

/** What the root file system of a guest is made of. */
const ROOT_MODULES = ['virtio_pci', 'virtiofs', 'overlay'];

const CONSOLE = 'console=ttyS0 loglevel=4 panic=-1';

/**
 * Without no_timer_check a kernel on a busy machine finds its timer dead and panics. It has to do without cmpxchg16b, CPU
 * feature 141, which QEMU 7.2 mis-executes in a kernel under -smp; programs may use it, and HAProxy does.
 */
const STEADY = 'mitigations=off random.trust_cpu=on no_timer_check clearcpuid=141';

/** Shares the root of this machine with guests; Debian keeps it off the PATH. */
const VIRTIOFSD = '/usr/lib/qemu/virtiofsd';

/**
 * Boots a kernel and runs one command in it, as root.
 * @param {{ image: string, modules: string }} kernel see kernels.mjs
 * @param {string[]} command
 * @param {object} [options]
 * @param {number} [options.timeoutMs] for all of it; there is no hardware help, so everything takes 10 to 30 times
 *   as long as on the host
 * @param {string} [options.cwd]
 * @param {Record<string, string>} [options.env] beside PATH and HOME
 * @param {string[]} [options.modules] to load before, of the kernel's own package: `['veth', 'bridge']`
 * @param {string[]} [options.parameters] of the kernel
 * @param {number} [options.memoryMiB]
 * @param {number} [options.cpus]
 * @param {boolean} [options.counted] one CPU, by whose clock an instruction takes a nanosecond and waiting takes nothing
 * @param {(line: string) => void} [options.onLine] hears each line of output as it comes
 * @returns {Promise<{ code: number, output: string, seconds: number }>} the command's exit code, and its standard
 *   output and error in one
 * @throws {Failure} the guest did not come to an end of the command by itself; with the end of its console
 */
export async function runInGuest(kernel, command, options = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-guest-'));
  const children = [];
  const remove = () => removeFiles(directory);
  process.once('exit', remove);
  try {
    writeFileSync(join(directory, 'initrd'), initramfs(kernel, command, options));
    children.push(await shareRoot(directory));
    return await boot(kernel, directory, { ...options, children });
  } finally {
    for (const child of children) await end(child);
    remove();
    process.off('exit', remove);
  }
}

const socketIn = (directory) => join(directory, 'root.socket');

/** Where the file server makes a file of its own for each socket, and leaves it. */
const PID_DIRECTORY = '/run/virtiofsd';

/** What a guest and the file server left here. */
function removeFiles(directory) {
  rmSync(directory, { recursive: true, force: true });
  rmSync(join(PID_DIRECTORY, `${socketIn(directory).replaceAll('/', '.')}.pid`), { force: true });
  if (existsSync(PID_DIRECTORY) && readdirSync(PID_DIRECTORY).length === 0) rmdirSync(PID_DIRECTORY);
}

function initramfs(kernel, command, { modules = [], cwd = '/', env = {} }) {
  const loaded = loadOrder(kernel.modules, [...ROOT_MODULES, ...modules]);
  const variables = { PATH: environment.PATH, HOME: '/root', ...env };
  const assignments = Object.entries(variables).map(([name, value]) => quoted(`${name}=${value}`));
  const job = `cd ${quoted(cwd)} && exec env ${[...assignments, ...command.map(quoted)].join(' ')}\n`;
  return archive({
    'bin/busybox': readFileSync(findCommand('busybox')),
    init: readFileSync(new URL('./init.sh', import.meta.url)),
    job,
    'modules/order': loaded.map(({ name }) => `${name}\n`).join(''),
    ...Object.fromEntries(loaded.map(({ name, content }) => [`modules/${name}`, content])),
  });
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Starts the file server and waits until it listens. */
async function shareRoot(directory) {
  const socket = socketIn(directory);
  const child = start(VIRTIOFSD, [
    '-f',
    `--socket-path=${socket}`,
    '-o',
    'source=/,sandbox=chroot,cache=always',
  ]);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  child.stdout.resume();
  for (let tries = 0; !existsSync(socket); tries += 1) {
    if (child.exitCode !== null || tries === 200)
      throw new Failure(`cannot share the root file system: ${said.trim()}`);
    await pause(50);
  }
  return child;
}

async function boot(kernel, directory, options) {
  const { timeoutMs = 300_000, onLine = () => {}, children } = options;
  const began = Date.now();
  const qemu = start('qemu-system-x86_64', machine(kernel, directory, options));
  children.push(qemu);
  const lines = [];
  let complaints = '';
  createInterface({ input: qemu.stdout }).on('line', (line) => {
    lines.push(line);
    onLine(line);
  });
  qemu.stderr.setEncoding('utf8').on('data', (text) => (complaints += text));
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    qemu.kill('SIGKILL');
  }, timeoutMs);
  await once(qemu, 'close');
  clearTimeout(deadline);
  const seconds = (Date.now() - began) / 1000;
  const status = readFileSync(join(directory, 'status'), 'utf8').trim();
  if (status !== '') return { code: Number(status), output: lines.join('\n'), seconds };
  const why = late ? `was not done after ${timeoutMs / 1000} s` : `ended after ${seconds.toFixed(0)} s`;
  const last = [complaints, tail(join(directory, 'console')), lines.slice(-15).join('\n')];
  throw new Failure(`the guest with kernel ${kernel.release} ${why}\n${last.filter(Boolean).join('\n')}`);
}

function machine(kernel, directory, { memoryMiB = 2048, cpus = 2, counted = false, parameters = [] }) {
  const at = (name) => join(directory, name);
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    // Works everywhere. la57 costs a level of page tables.
    ...['-accel', 'tcg', '-cpu', 'max,-la57', '-smp', `${counted ? 1 : cpus}`, '-m', `${memoryMiB}M`],
    ...(counted ? ['-icount', 'shift=0,sleep=off'] : []),
    ...['-object', `memory-backend-memfd,id=memory,size=${memoryMiB}M,share=on`],
    ...['-numa', 'node,memdev=memory'],
    ...['-chardev', `socket,id=root,path=${socketIn(directory)}`],
    ...['-device', 'vhost-user-fs-pci,chardev=root,tag=host'],
    ...['-serial', `file:${at('console')}`],
    ...['-chardev', 'stdio,id=output,signal=off', '-serial', 'chardev:output'],
    ...['-serial', `file:${at('status')}`],
    ...['-kernel', kernel.image, '-initrd', at('initrd')],
    ...['-append', [CONSOLE, STEADY, ...parameters].join(' ')],
  ];
}

/** Starts a program that does not outlive us, however we end. */
function start(program, parameters) {
  return spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, ...parameters], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
