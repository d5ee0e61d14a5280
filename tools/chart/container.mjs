// SPDX-License-Identifier: Apache-2.0
// A program under the restrictions that its container of the chart puts on it, without a container engine: its capabilities
// and no others, no new privileges, a cgroup namespace, a read-only root, and of the host what is mounted.
import { cgroup2Mount } from '../testbed/cgroups.mjs';

/** Every mount of its own namespace; `$@` is what follows. */
const MOUNTS = `
mount --bind "$1" "$1"
mount -o remount,bind,ro /
mount -o remount,bind,ro "$2"
shift 2
exec "$@"`;

/**
 * The command that runs another one as a container does.
 * @param {string[]} capabilities as Kubernetes writes them: `NET_ADMIN`
 * @param {{ state: string, user?: number }} options `state`: the one directory besides bpffs that can be written to; `user`:
 *   not root
 */
export function within(capabilities, { state, user }) {
  return [
    'unshare',
    '--mount',
    '--cgroup',
    '--propagation',
    'private',
    'sh',
    '-ec',
    MOUNTS,
    'sh',
    state,
    cgroup2Mount(),
    ...limited(capabilities, user),
  ];
}

/**
 * The command that runs another one with these capabilities and no others, ever.
 * @param {string[]} capabilities
 * @param {number} [user] whom it runs as, and its group
 */
export function limited(capabilities, user = 0) {
  const bounds = ['-all', ...capabilities.map((name) => `+${name.toLowerCase()}`)].join(',');
  const whom = [`--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
  return ['setpriv', ...whom, `--bounding-set=${bounds}`, '--inh-caps=-all', '--no-new-privs', '--'];
}
