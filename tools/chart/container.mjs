// SPDX-License-Identifier: Apache-2.0
// The container of a rendered pod, run by a real OCI runtime (crun) with what the kubelet and containerd would make of its spec.
// In the place of its image it has this machine's programs and this checkout.
import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { findCommand } from '../packages.mjs';
import { root } from '../paths.mjs';
import { cgroup2Mount } from '../testbed/cgroups.mjs';

/** What stands for an image. */
const IMAGE = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/etc', root];
/** System calls that containerd's default profile lets through for none of the capabilities of our containers. */
const REFUSED =
  'add_key chroot clock_settime fanotify_init fsconfig fsmount fsopen fspick init_module io_uring_enter io_uring_register io_uring_setup kexec_load keyctl mount mount_setattr move_mount name_to_handle_at open_by_handle_at open_tree pivot_root process_vm_readv process_vm_writev ptrace quotactl reboot request_key setdomainname sethostname setns settimeofday swapoff swapon syslog umount2 unshare userfaultfd vhangup';
/** Those that it lets through for a capability. */
const LET_THROUGH = { bpf: 'CAP_BPF', perf_event_open: 'CAP_PERFMON' };

/**
 * Makes the container's bundle.
 * @param {object} pod its spec, as rendered
 * @param {{ directory: string, host: Record<string, string>, seen: string[], namespace: string,
 *   environment?: Record<string, string>, arguments: string[] }} place
 *   `directory`: new, for the bundle; `host`: what stands for directories of the host, by their paths; `seen`: what stands
 *   for ConfigMaps and Secrets, at their own paths; `namespace`: the file of its network namespace; `arguments`: its command
 */
export function makeBundle(pod, { directory, host, seen, namespace, environment = {}, arguments: command }) {
  const [{ securityContext, volumeMounts }] = pod.containers;
  const capabilities = securityContext.capabilities.add?.map((name) => `CAP_${name}`) ?? [];
  const user = securityContext.runAsUser ?? pod.securityContext.runAsUser;
  const namespaces = ['ipc', 'uts', 'mount', 'cgroup', ...(pod.hostPID ? [] : ['pid'])];
  const bundle = {
    ociVersion: '1.0.2',
    process: {
      args: command,
      cwd: '/',
      env: Object.entries({ PATH: env.PATH, ...environment }).map((one) => one.join('=')),
      user: { uid: user, gid: user },
      noNewPrivileges: !securityContext.allowPrivilegeEscalation,
      capabilities: { bounding: capabilities, permitted: capabilities, effective: capabilities },
    },
    root: { path: 'root', readonly: securityContext.readOnlyRootFilesystem },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
      ...IMAGE.filter((path) => existsSync(path)).map((path) => bind(realpathSync(path), path, ['ro'])),
      ...seen.map((path) => bind(path, path, ['ro'])),
      ...volumeMounts.flatMap((mount) => hostMount(mount, pod.volumes, host)),
    ],
    linux: {
      namespaces: [...namespaces.map((type) => ({ type })), { type: 'network', path: namespace }],
      seccomp: seccomp(pod.securityContext.seccompProfile, capabilities),
      maskedPaths: ['/proc/acpi', '/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
  mkdirSync(join(directory, 'root'), { recursive: true });
  writeFileSync(join(directory, 'config.json'), JSON.stringify(bundle));
}

const bind = (source, destination, options) => ({
  destination,
  source,
  type: 'bind',
  options: ['rbind', ...options],
});

/** A mount of a directory of the host; nothing where it is none, for `seen` stands for the others. */
function hostMount({ name, mountPath, readOnly, mountPropagation }, volumes, host) {
  const { hostPath } = volumes.find((volume) => volume.name === name) ?? {};
  if (hostPath === undefined) return [];
  const source = host[hostPath.path];
  if (source === undefined) throw new Error(`the pod mounts ${hostPath.path}: say what stands for it`);
  if (!hostPath.type.endsWith('OrCreate') && !existsSync(source)) throw new Error(`${source} is not there`);
  mkdirSync(source, { recursive: true });
  const propagation = { HostToContainer: 'rslave' }[mountPropagation] ?? 'rprivate';
  return [bind(source, mountPath, [readOnly ? 'ro' : 'rw', propagation])];
}

function seccomp({ type }, capabilities) {
  if (type !== 'RuntimeDefault') throw new Error(`there is no seccomp profile of type ${type} here`);
  const gated = Object.entries(LET_THROUGH).filter(([, capability]) => !capabilities.includes(capability));
  const names = [...REFUSED.split(' '), ...gated.map(([name]) => name)];
  return {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names, action: 'SCMP_ACT_ERRNO', errnoRet: 1 }],
  };
}

/** crun knows hosts on which cgroup v2 is all there is: on another one it sees that part only. What follows is ignored. */
const RUN = `mount --bind "$0" /sys/fs/cgroup
exec "$1" --cgroup-manager=disabled --root "$2/state" run --bundle "$2" --pid-file "$2/pid" undermesh-$$`;

/**
 * The command that runs a bundle to its end, in the cgroup that it is called in. The container's process is in the file `pid`
 * of the bundle. Whatever is added to the command is not looked at: the bundle says what is run.
 */
export const runBundle = (directory) => [
  ...['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', RUN],
  ...[cgroup2Mount(), findCommand('crun'), directory],
];

/** The command that runs another one with these capabilities and no others, ever. @param {string[]} capabilities */
export function limited(capabilities) {
  const bounds = ['-all', ...capabilities.map((name) => `+${name.toLowerCase()}`)].join(',');
  return ['setpriv', `--bounding-set=${bounds}`, '--inh-caps=-all', '--no-new-privs', '--'];
}
