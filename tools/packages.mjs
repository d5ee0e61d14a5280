// SPDX-License-Identifier: Apache-2.0
// Debian packages: which are needed for what, which are missing, and how they get installed.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './command.mjs';
import { environment, root } from './paths.mjs';
import { Failure, say } from './say.mjs';

// A package is there when what we use of it is there, however it came.
const command = (name) => () => findCommand(name) !== undefined;
const header = (name) => () => existsSync(join('/usr/include', name));
const library = (name) => () => sharedLibraries().includes(name);
const file = (path) => () => existsSync(path);

const loadProgram = { package: 'libc6-dev', use: 'compiles the load program', present: header('stdio.h') };
const curl = { package: 'curl', use: 'an HTTP client nobody adapted', present: command('curl') };

/** What each purpose needs beyond Node.js and npm. */
export const needs = {
  start: [
    { package: 'clang', use: 'compiles the eBPF programs', present: command('clang') },
    { package: 'make', use: 'drives that', present: command('make') },
    { package: 'libbpf-dev', use: 'headers of the eBPF programs', present: header('bpf/bpf_helpers.h') },
    { package: 'linux-libc-dev', use: 'headers of the kernel', present: header('linux/bpf.h') },
    { package: 'libbpf1', use: 'loads the eBPF programs', present: library('libbpf.so.1') },
    { package: 'iproute2', use: 'makes network namespaces', present: command('ip') },
    { package: 'util-linux', use: 'enters network namespaces', present: command('nsenter') },
    { package: 'nftables', use: 'stands in for the engine where it is off', present: command('nft') },
    { package: 'mount', use: 'mounts the BPF file system', present: command('mount') },
  ],
  demo: [{ package: 'haproxy', use: 'a waypoint nobody adapted', present: command('haproxy') }],
  test: [
    loadProgram,
    { package: 'clang-format', use: 'checks the format of C', present: command('clang-format') },
    {
      package: 'libclang-rt-14-dev',
      use: 'fuzzes the reader of HTTP',
      present: file('/usr/share/doc/libclang-rt-14-dev'),
    },
    { package: 'gcc', use: 'compiles it as the kernel is compiled', present: command('gcc') },
    { package: 'bpftool', use: 'asks the kernel what is attached', present: command('bpftool') },
    { package: 'chromium', use: 'shows the dashboard', present: command('chromium') },
    {
      package: 'fonts-dejavu-core',
      use: 'letters for it',
      present: file('/usr/share/fonts/truetype/dejavu'),
    },
    curl,
    { package: 'procps', use: 'ps and pgrep', present: command('pgrep') },
    { package: 'prometheus', use: 'scrapes the collector', present: command('promtool') },
    { package: 'systemd', use: 'is the first process of a machine', present: file('/lib/systemd/systemd') },
    { package: 'adduser', use: "makes the collector's user there", present: command('adduser') },
    { package: 'openssl', use: "makes certificates for a test's API server", present: command('openssl') },
    { package: 'unzip', use: 'unpacks Helm', present: command('unzip') },
    { package: 'debootstrap', use: 'makes roots of images', present: command('debootstrap') },
    { package: 'crun', use: 'runs containers of the chart', present: command('crun') },
  ],
  load: [
    { package: 'wrk', use: 'makes HTTP load', present: command('wrk') },
    { package: 'nginx-light', use: 'an HTTP server nobody adapted', present: command('nginx') },
  ],
  kernels: [
    loadProgram,
    { package: 'qemu-system-x86', use: 'boots other kernels', present: command('qemu-system-x86_64') },
    {
      package: 'qemu-system-common',
      use: 'shares files with them',
      present: file('/usr/lib/qemu/virtiofsd'),
    },
    {
      package: 'busybox-static',
      use: 'their first program',
      present: file('/usr/share/doc/busybox-static'),
    },
  ],
  kmod: [
    { package: 'gcc-12', use: 'compiles the kernel module', present: command('gcc-12') },
    { package: 'pahole', use: 'describes its types for BPF', present: command('pahole') },
    { package: 'libelf-dev', use: 'builds what loads BPF programs', present: header('libelf.h') },
    { package: 'zlib1g-dev', use: 'builds what loads BPF programs', present: header('zlib.h') },
    curl,
  ],
  native: [
    curl,
    { package: 'wget', use: 'another one', present: command('wget') },
    { package: 'wrk', use: 'another one', present: command('wrk') },
    { package: 'haproxy', use: 'another one', present: command('haproxy') },
    { package: 'nginx-light', use: 'another one, and a server', present: command('nginx') },
    {
      package: 'python3-requests',
      use: 'another one',
      present: file('/usr/lib/python3/dist-packages/requests'),
    },
  ],
  dkms: [{ package: 'dkms', use: 'builds the module for each kernel', present: command('dkms') }],
  checked: [
    { package: 'flex', use: "reads a kernel's settings", present: command('flex') },
    { package: 'bison', use: "reads a kernel's settings", present: command('bison') },
    { package: 'bc', use: 'computes constants of a kernel', present: command('bc') },
    { package: 'xz-utils', use: 'unpacks its sources', present: command('xz') },
    { package: 'perl', use: 'checks the style of the module', present: file('/usr/share/perl') },
  ],
};

/** The purposes that a run of all tests has. A kernel that checks itself is built only where it is asked for. */
export const purposesOfTests = ['start', 'demo', 'test', 'load', 'kernels', 'kmod', 'native'];

/** The needs among `list` that are not met here. */
export function missing(list) {
  return list.filter(({ present }) => !present());
}

/**
 * Makes sure that everything for these purposes is there; installs it when we are root.
 * @param {(keyof typeof needs)[]} purposes
 */
export async function ensurePackages(purposes) {
  const lacking = missing([...new Set(purposes.flatMap((purpose) => needs[purpose]))]);
  if (lacking.length === 0) return;
  const names = lacking.map((need) => need.package);
  const install = `apt-get install -y --no-install-recommends ${names.join(' ')}`;
  const list = lacking.map((need) => `${need.package} (${need.use})`).join(', ');
  if (findCommand('apt-get') === undefined) {
    throw new Failure(`missing here: ${list}`, {
      mend: 'install what these Debian packages hold by the means of your system, then try again',
    });
  }
  if (process.getuid() !== 0) throw new Failure(`missing here: ${list}`, { mend: `as root: ${install}` });
  say(`installing ${names.join(', ')} ...`);
  await install_(names);
  const still = missing(lacking).map((need) => need.package);
  if (still.length > 0) throw new Failure(`apt-get installed ${still.join(', ')}, yet they cannot be found`);
}

async function install_(names) {
  const allowServices = forbidServices();
  process.once('exit', allowServices);
  try {
    // Lists may be absent or stale; a dead source among others makes `update` fail and does not matter.
    let result = await aptGet(['install', ...names], { append: false });
    if (result.code === 0) return;
    await aptGet(['update']);
    result = await aptGet(['install', ...names]);
    if (result.code === 0) return;
    throw new Failure(`cannot install ${names.join(', ')}`, {
      log: result.log,
      mend: `see what "apt-get update && apt-get install ${names.join(' ')}" says, then try again`,
    });
  } finally {
    allowServices();
    process.off('exit', allowServices);
  }
}

/**
 * Runs apt-get; waits when another one is at work.
 * @param {string[]} words the verb, and names of packages
 * @param {{ append?: boolean, cwd?: string }} [options] `append`: to the log of the last call; `cwd`: where
 *   `download` puts files
 * @returns {Promise<{ code: number | null, log: string }>}
 */
export async function aptGet([verb, ...names], { append = true, cwd = root } = {}) {
  const options = ['-o', 'DPkg::Lock::Timeout=600', '-o', 'Acquire::Retries=2'];
  const line = [
    'apt-get',
    ...options,
    verb,
    ...(verb === 'install' ? ['-y', '--no-install-recommends'] : []),
    ...names,
  ];
  for (let attempt = 0; ; attempt += 1) {
    const result = await run(line, {
      log: 'apt',
      append: append || attempt > 0,
      cwd,
      env: { DEBIAN_FRONTEND: 'noninteractive' },
    });
    // DPkg::Lock::Timeout covers dpkg's lock, not the one on the lists.
    const locked =
      result.code !== 0 && /Could not get lock/.test(readFileSync(result.log, 'utf8').slice(-2000));
    if (!locked || attempt === 60) return result;
    if (attempt === 0) say('another apt is at work: waiting for it ...');
    await new Promise((resolve) => setTimeout(resolve, 5000));
  }
}

// What we install for tests must not start as a service: invoke-rc.d asks this file.
function forbidServices() {
  const path = '/usr/sbin/policy-rc.d';
  if (existsSync(path)) return () => {};
  writeFileSync(path, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  return () => rmSync(path, { force: true });
}

/** The path of a command; looks where root's commands are too. */
export function findCommand(name) {
  const directories = [...(environment.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return directories.map((directory) => join(directory, name)).find((path) => existsSync(path));
}

function sharedLibraries() {
  try {
    return execFileSync(findCommand('ldconfig') ?? 'ldconfig', ['-p'], { encoding: 'utf8' });
  } catch {
    return '';
  }
}
