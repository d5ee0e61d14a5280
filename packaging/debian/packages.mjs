// SPDX-License-Identifier: Apache-2.0
// The Debian packages: what each holds beyond its program's tree, and what it needs.

/** Versions whose features are used: engines.node of package.json. */
const node = 'nodejs (>= 20.15)';

/**
 * @typedef {object} Package
 * @property {string} name of the package and of its program
 * @property {string} [workspace] of the program
 * @property {string} [sources] in the place of a program: of the kernel module
 * @property {string} config beside /etc/undermesh/undermesh.yaml: a file of its own, for agent and collector of one machine
 * @property {string} user who runs the program when root does, if not root
 */
/** @type {Package[]} */
export const packages = [
  {
    name: 'undermesh-agent',
    workspace: 'apps/agent',
    section: 8,
    summary: 'observes connections in the kernel, and steers them',
    description: `Loads eBPF programs that record every TCP connection and HTTP/1.1 request of this machine, names the
workloads at both ends, and sends the records to an undermesh-collector. Can steer connections of enrolled
cgroups to endpoints of services, without a proxy.`,
    depends: [node, 'libbpf1', 'init-system-helpers (>= 1.52)'],
    recommends: ['haproxy (>= 2.6)'],
    config: 'agent.yaml',
    unit: 'undermesh-agent.service',
    examples: ['packaging/systemd/waypoints.conf'],
    docs: ['docs/install-host.md', 'docs/configuration.md', 'docs/break-glass.md'],
  },
  {
    name: 'undermesh-collector',
    workspace: 'apps/collector',
    section: 8,
    summary: 'keeps and shows what agents observe, and gives them orders',
    description: `Receives the records of undermesh-agents, joins both ends of each connection, keeps them in DuckDB, and
serves a dashboard, an API and Prometheus metrics. Orders engines of nodes.`,
    depends: [node, 'adduser', 'libstdc++6', 'util-linux', 'init-system-helpers (>= 1.52)'],
    recommends: [],
    config: 'collector.yaml',
    unit: 'undermesh-collector.service',
    user: 'undermesh',
    with: ['apps/web/out'],
    examples: [],
    docs: ['docs/install-host.md', 'docs/configuration.md'],
  },
  {
    name: 'undermesh',
    workspace: 'apps/cli',
    section: 1,
    summary: 'asks and steers a mesh from the command line',
    description: `Shows what an undermesh-collector knows - nodes, traffic, connections, latency - and orders engines.`,
    depends: [node],
    recommends: [],
    examples: [],
    docs: ['docs/cli.md'],
  },
  {
    name: 'undermesh-dkms',
    sources: 'kmod',
    summary: 'kernel module of the engine kernel-native, built by DKMS',
    description: `Has DKMS build the kernel module of Undermesh for each kernel of this machine: with it, an undermesh-agent
can have the kernel itself choose the backend of each HTTP request, without a proxy. Needs Linux 6.1 or later,
and the headers of the kernel that runs.`,
    depends: ['dkms (>= 3.0)', 'dwarves', 'kmod'],
    recommends: ['undermesh-agent'],
    architecture: 'all',
    docs: ['kmod/README.md'],
  },
];
