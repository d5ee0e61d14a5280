// SPDX-License-Identifier: Apache-2.0
// A node that is steered by the kernel-native engine, the backends of manifests.mjs, and a collector. Beside the traffic of
// every mesh under load, which no route concerns, clients ask by HTTP and know who must answer.
import { MeshUnderLoad, NODE } from '../accept/nothing-breaks/checks/mesh-under-load.mjs';
import { say } from '../say.mjs';
import { ask, startAsking } from './ask.mjs';
import { startBackends } from './backends.mjs';
import { answering, BACKEND_PORT, endpointOf, manifests, PORT, SERVICES, virtualOf } from './manifests.mjs';

/** How clients get to a service: by its virtual address of either family, or by the first one out of an IPv6 socket. */
export const WAYS = {
  IPv4: (name) => virtualOf(name).IPv4,
  IPv6: (name) => `[${virtualOf(name).IPv6}]`,
  'v4-mapped': (name) => `[::ffff:${virtualOf(name).IPv4}]`,
};

/** Requests for the service `front` that go to different backends. */
const TURNS = ['GET / a', 'GET /exact b', 'GET /shop/books c', 'POST /shop e'];

const endpointAt = (name, kind) =>
  kind === 'IPv4' ? `${endpointOf(name).IPv4}:${BACKEND_PORT}` : `[${endpointOf(name).IPv6}]:${BACKEND_PORT}`;

const translation = ['ip', 'ip6']
  .map((family) => {
    const kind = family === 'ip' ? 'IPv4' : 'IPv6';
    const rules = SERVICES.map(
      (name) =>
        `${family} daddr ${virtualOf(name)[kind]} tcp dport ${PORT} dnat to ${endpointAt(name, kind)}`,
    );
    return `table ${family} undermesh_native {
  chain out {
    type nat hook output priority -90;
    ${rules.join('\n    ')}
  }
}`;
  })
  .join('\n');

/** `10.98.0.10:80` */
export const targetOf = (name, way) => `${WAYS[way](name)}:${PORT}`;

export class NativeMesh extends MeshUnderLoad {
  /** What the nodes run until an order says otherwise. */
  engineName = 'kernel-native';
  /** Where the files of another release lie, for the case that needs one. */
  nextRelease;

  get manifests() {
    return [...super.manifests, ...manifests()];
  }

  get serverAddresses() {
    const own = answering.flatMap((name) => [`${endpointOf(name).IPv4}/16`, `${endpointOf(name).IPv6}/64`]);
    return [...super.serverAddresses, ...own];
  }

  /** To the services' own endpoints. */
  get translation() {
    return super.translation + translation;
  }

  /** Says how long it took: it is most of what a case in a guest takes. */
  async startAgent(...options) {
    const start = Date.now();
    await super.startAgent(...options);
    say(`an agent took ${((Date.now() - start) / 1000).toFixed(0)} s to start`);
  }

  /** Where clients run. */
  get client() {
    return { namespace: this.namespace, cgroup: this.road.testbed.cgroup(`${NODE}/shop/client`) };
  }

  async startServers(namespace) {
    await super.startServers(namespace);
    const { testbed, state } = this.road;
    await startBackends(testbed, {
      directory: state,
      namespace,
      cgroup: testbed.cgroup('right/shop/backends'),
    });
  }

  /** The same traffic, and requests. `routed: false` takes answers from anybody. */
  async during({ routed = true, ...load }, happen) {
    const asking = this.startAsking({
      target: Object.keys(WAYS).map((way) => targetOf('front', way)),
      request: routed ? TURNS : TURNS.map((turn) => turn.replace(/ \w+$/, ' *')),
      threads: 6,
      perConnection: 7,
      requestsPerS: 60,
    });
    try {
      return await super.during(load, happen);
    } finally {
      this.asked = await asking.stop();
    }
  }

  /** Nor did a request go wrong. */
  judge(result, options) {
    super.judge(result, options);
    const { findings, asked } = this;
    findings.tell('requests by HTTP', asked.made);
    findings.equal('of these failed', JSON.stringify(asked.failed), '{}');
    findings.equal('answered by whom the route does not name', asked.wrong, 0);
    findings.tell('longest of them', `${asked.longestMs} ms`);
    findings.tell('connections that they went by', asked.connections);
  }

  /** Runs a client to its end. @returns {Promise<{ code: number | null, stdout: string, stderr: string }>} */
  run(command, parameters, options = {}) {
    return this.road.testbed.run(command, parameters, { ...this.client, ...options });
  }

  /** Starts to ask as a client of the node, see ask.mjs. */
  startAsking(options) {
    return startAsking(this.road.testbed, options, this.client);
  }

  /** Asks to the end. */
  ask(options) {
    return ask(this.road.testbed, options, this.client);
  }
}
