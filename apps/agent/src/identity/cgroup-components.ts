// SPDX-License-Identifier: Apache-2.0

/** What one component of a cgroup path says about what runs in it. */
export type CgroupMeaning =
  | { readonly kind: 'unit'; readonly name: string; readonly unit: string }
  | { readonly kind: 'container'; readonly id: string; readonly runtime: string }
  /** A session or a transient unit: its processes have their own names. */
  | { readonly kind: 'process' };

interface Form {
  readonly pattern: RegExp;
  readonly meaning: (match: RegExpMatchArray) => CgroupMeaning;
}

const PROCESS: CgroupMeaning = { kind: 'process' };
const container = (runtime: string, id: string): CgroupMeaning => ({ kind: 'container', runtime, id });

const RUNTIMES: Readonly<Record<string, string>> = {
  docker: 'docker',
  crio: 'cri-o',
  'cri-containerd': 'containerd',
  nerdctl: 'containerd',
  libpod: 'podman',
};

/** Forms of a component, most special first. */
const FORMS: readonly Form[] = [
  // Monitors of containers live beside them: conmon is a program like any other.
  { pattern: /^(?:crio|libpod)-conmon-[0-9a-f]{64}(?:\.scope)?$/, meaning: () => PROCESS },
  // systemd driver: docker-<id>.scope, cri-containerd-<id>.scope, crio-<id>.scope, libpod-<id>.scope.
  {
    pattern: /^([a-z-]+)-([0-9a-f]{64})(?:\.scope)?$/,
    meaning: (match) => container(RUNTIMES[match[1] ?? ''] ?? match[1] ?? '', match[2] ?? ''),
  },
  // containerd with the systemd path syntax under the cgroupfs driver: <slice>:cri-containerd:<id>.
  {
    pattern: /^[^:]+:([a-z-]+):([0-9a-f]{64})$/,
    meaning: (match) => container(RUNTIMES[match[1] ?? ''] ?? match[1] ?? '', match[2] ?? ''),
  },
  // cgroupfs driver: the last component is the id alone.
  { pattern: /^([0-9a-f]{64})$/, meaning: (match) => container('unknown', match[1] ?? '') },
  { pattern: /^lxc\.monitor\..+$/, meaning: () => PROCESS },
  { pattern: /^lxc\.payload\.(.+)$/, meaning: (match) => container('lxc', match[1] ?? '') },
  { pattern: /^machine-(.+)\.scope$/, meaning: (match) => container('machine', match[1] ?? '') },
  // Logins, the managers' own scopes, systemd-run: what runs there differs from one to the next.
  { pattern: /^(?:session-c?\d+|init)\.scope$/, meaning: () => PROCESS },
  { pattern: /^user@\d+\.service$/, meaning: () => PROCESS },
  { pattern: /^run-(?:[ur]?[0-9a-f]+|p\d+-i\d+)\.(?:scope|service)$/, meaning: () => PROCESS },
  // Desktop applications (systemd.io/DESKTOP_ENVIRONMENTS): app[-launcher]-<id>-<random>.scope, ...@<random>.service.
  {
    pattern: /^app-(?:[^-]+-)?([^-]+)-[0-9a-fA-F]+\.scope$/,
    meaning: (match) => ({ kind: 'unit', name: match[1] ?? '', unit: match[0] }),
  },
  {
    pattern: /^app-(?:[^-]+-)?([^-@]+)@[^@]*\.service$/,
    meaning: (match) => ({ kind: 'unit', name: match[1] ?? '', unit: match[0] }),
  },
  {
    pattern: /^(.+)\.(?:service|scope|socket|mount|swap)$/,
    meaning: (match) => ({ kind: 'unit', name: match[1] ?? '', unit: match[0] }),
  },
];

/**
 * What a cgroup path says: its deepest component that is a unit, a container or a session. `undefined` when none is.
 * Covers docker, containerd, CRI-O, podman, LXC and nspawn under the systemd and the cgroupfs driver.
 */
export function meaningOf(path: string): CgroupMeaning | undefined {
  const components = path.split('/');
  for (let i = components.length - 1; i >= 0; i--) {
    const component = unescapeUnit(components[i] ?? '');
    for (const { pattern, meaning } of FORMS) {
      const match = component.match(pattern);
      if (match !== null) return meaning(match);
    }
  }
  return undefined;
}

/** systemd writes special characters of unit names as `\x2d` (systemd.unit(5), "String Escaping"). */
const unescapeUnit = (component: string): string =>
  component.replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
