// SPDX-License-Identifier: Apache-2.0
// Starts the program of an image in its root as a container runtime does: mount namespace and pivoted, read-only root,
// cgroup namespace, process namespace unless it shares the host's; the image's environment, user, entrypoint and command;
// no capabilities but those that are granted, and none to be gained.
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { cgroup2Mount } from '../testbed/cgroups.mjs';

/** Mounts, then becomes the program: $1 the root, $2 a script that mounts volumes, the rest the command. */
const ENTER = `
set -e
root=$1 volumes=$2
shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
mount -t proc -o nosuid,nodev,noexec proc proc
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t tmpfs -o nosuid,mode=755 tmpfs dev
for device in null zero full random urandom; do
  : > "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
eval "$volumes"
mount -o remount,bind,ro "$root"
pivot_root . mnt
cd /
umount -l /mnt
exec "$@"
`;

/**
 * @typedef {object} Settings
 * @property {string} root directory of the root
 * @property {string[]} [args] in the place of the image's command
 * @property {string[]} [entrypoint] in the place of the image's
 * @property {{ from: string, to: string, readOnly?: boolean }[]} [volumes] files and directories of the host; whatever has
 *   none cannot be written to
 * @property {string[]} [capabilities] as in a chart: `BPF`
 * @property {boolean} [hostPid] whether it sees the host's processes
 * @property {Record<string, string>} [env]
 */

/**
 * The command line of a container.
 * @param {import('./containerfile.mjs').Stage} stage
 * @param {Settings} settings
 * @returns {string[]}
 */
export function containerCommand(stage, settings) {
  const { root, args = stage.cmd, entrypoint = stage.entrypoint, volumes = [], env = {} } = settings;
  const { capabilities = [], hostPid = false } = settings;
  const { uid, gid } = stage.user;
  const granted = capabilities.map((name) => `+${name.toLowerCase()}`).join(',');
  const all = [{ from: cgroup2Mount(), to: '/sys/fs/cgroup', readOnly: true }, ...volumes];
  for (const volume of all) mountPoint(root, volume);
  const pairs = Object.entries({ ...stage.env, ...env }).map(([name, value]) => `${name}=${value}`);
  return [
    'unshare',
    '--mount',
    '--cgroup',
    ...(hostPid ? [] : ['--pid', '--fork', '--kill-child']),
    ...['--', 'sh', '-c', ENTER, 'container', root, all.map(bind).join('\n')],
    ...['env', '-i', ...pairs],
    ...['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--no-new-privs', '--inh-caps=-all'],
    ...['--ambient-caps=-all', `--bounding-set=-all${granted && `,${granted}`}`, '--'],
    ...entrypoint,
    ...args,
  ];
}

function bind({ from, to, readOnly = false }) {
  const at = `"$root${to}"`;
  return `mount --bind '${from}' ${at}\n${readOnly ? `mount -o remount,bind,ro ${at}` : ''}`;
}

/** File systems of the kernel's that each container gets, with directories to mount on. */
const OF_THE_KERNEL = /^\/(sys|proc|dev)\//;

/** What is mounted on has to be there. */
function mountPoint(root, { from, to }) {
  if (OF_THE_KERNEL.test(to)) return;
  const path = join(root, to);
  const isDirectory = statSync(from).isDirectory();
  mkdirSync(isDirectory ? path : dirname(path), { recursive: true });
  if (!isDirectory) writeFileSync(path, '', { flag: 'a' });
}

/** A container that was started. */
export class Container {
  #stage;
  #hostPid;
  #ended;
  /** Standard output and error so far. */
  output = '';

  /**
   * Starts it.
   * @param {import('../testbed/testbed.mjs').Testbed} testbed
   * @param {import('./containerfile.mjs').Stage} stage
   * @param {Settings & { namespace?: string, cgroup?: string }} settings
   */
  constructor(testbed, stage, { namespace, cgroup, ...settings }) {
    this.#stage = stage;
    this.#hostPid = settings.hostPid ?? false;
    const [program, ...parameters] = containerCommand(stage, settings);
    this.child = testbed.spawn(program, parameters, {
      namespace,
      cgroup,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.output += text;
      });
    }
    this.#ended = once(this.child, 'close').then(([code]) => code);
  }

  /** The first process in it, by the host's number. */
  get pid() {
    const { pid } = this.child;
    if (this.#hostPid) return pid;
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
  }

  /** Resolves with its exit code once it has ended. */
  ended() {
    return this.#ended;
  }

  /** Asks it to stop as a runtime does. @returns {Promise<number>} its exit code */
  stop() {
    if (this.child.exitCode === null) process.kill(this.pid, constants.signals[this.#stage.stopSignal]);
    return this.#ended;
  }
}
