// SPDX-License-Identifier: Apache-2.0
// Network namespaces of a testbed, and the network between them. Nothing here touches the host's own network:
// the bridge and both ends of every veth live in namespaces that the testbed made, and each namespace's default
// route is `unreachable`, so nothing can leave.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const directory = '/run/netns';

/** The file that names a namespace. */
export function namespacePath(name) {
  return `${directory}/${name}`;
}

/** Makes a namespace with loopback up and every route out closed. */
export function makeNamespace(name) {
  ip(['netns', 'add', name]);
  batch(name, [
    'link set lo up',
    'route add unreachable default metric 4278198272',
    'route add unreachable ::/0 metric 4278198272',
  ]);
}

/** Removes a namespace; one that is gone already is fine. Its links vanish with it. */
export function removeNamespace(name) {
  if (existsSync(namespacePath(name))) ip(['netns', 'delete', name]);
}

/** Sets kernel settings in a namespace: `{ 'net.ipv4.tcp_syn_retries': 1 }`. */
export function setSysctls(name, settings) {
  const script = Object.entries(settings)
    .map(([key, value]) => `echo '${value}' > /proc/sys/${key.replaceAll('.', '/')}`)
    .join(' && ');
  enter(name, ['sh', '-c', script]);
}

/**
 * Joins namespaces by a bridge that lives in the namespace `fabric` (made before, like the members).
 * @param {string} fabric
 * @param {{ namespace: string, addresses: string[] }[]} members each gets `eth0` with its addresses, written with
 *   their prefix length ("10.99.1.1/16", "fd99::1:1/64")
 */
export function joinByBridge(fabric, members) {
  const lines = ['link add bridge type bridge forward_delay 0 stp_state 0', 'link set bridge up'];
  members.forEach(({ namespace }, index) => {
    lines.push(
      `link add port${index} type veth peer name eth0 netns ${namespace}`,
      `link set port${index} master bridge up`,
    );
  });
  setSysctls(fabric, { 'net.ipv6.conf.all.disable_ipv6': 1, 'net.ipv6.conf.default.disable_ipv6': 1 });
  batch(fabric, lines);
  for (const { namespace, addresses } of members) {
    const additions = addresses.map(
      (address) => `address add ${address} dev eth0${address.includes(':') ? ' nodad' : ''}`,
    );
    batch(namespace, ['link set eth0 up', ...additions]);
  }
}

/**
 * Makes a neighbour that swallows every packet: a SYN to it is sent, never answered and never refused, so that
 * connect() times out.
 */
export function addBlackhole(namespace, address) {
  batch(namespace, [`neighbour add ${address} lladdr 02:00:00:00:00:66 dev eth0 nud permanent`]);
}

/**
 * Has addresses that nobody has end in the namespace: what is sent to one of them is dropped there, unless it was
 * translated or steered before.
 */
export function endHere(namespace, ranges) {
  batch(
    namespace,
    ranges.map((range) => `route add ${range} dev lo`),
  );
}

/**
 * Has the kernel translate addresses of what leaves a namespace's own sockets.
 * @param {string} rules as `nft -f -` takes them. Throws with the reason when the kernel or nft cannot.
 */
export function translate(namespace, rules) {
  execFileSync('nsenter', [`--net=${namespacePath(namespace)}`, '--', 'nft', '-f', '-'], {
    encoding: 'utf8',
    input: rules,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/**
 * TCP counters of a namespace.
 * @returns {{ activeOpens: number, passiveOpens: number, attemptFails: number, establishedResets: number,
 *   segmentsRetransmitted: number }}
 */
export function tcpCounters(name) {
  return parseSnmp(enter(name, ['cat', '/proc/self/net/snmp']));
}

/** Reads the TCP counters out of the text of /proc/PID/net/snmp. */
export function parseSnmp(text) {
  const [names, values] = text
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  if (!names || !values)
    throw new Error('cannot read the TCP counters: no `Tcp:` lines in /proc/PID/net/snmp');
  const of = (name) => Number(values[names.indexOf(name)]);
  return {
    activeOpens: of('ActiveOpens'),
    passiveOpens: of('PassiveOpens'),
    attemptFails: of('AttemptFails'),
    establishedResets: of('EstabResets'),
    segmentsRetransmitted: of('RetransSegs'),
  };
}

/** Runs a command inside a namespace and returns what it printed. It sees the host's file systems. */
export function enter(name, command) {
  return execFileSync('nsenter', [`--net=${namespacePath(name)}`, '--', ...command], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function ip(parameters, input) {
  return execFileSync('ip', parameters, {
    encoding: 'utf8',
    input: input ?? '',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

function batch(name, lines) {
  ip(['-n', name, '-batch', '-'], `${lines.join('\n')}\n`);
}
