// SPDX-License-Identifier: Apache-2.0
// A road whose agent, and collector if asked for, are services of a machine of their own, installed from their packages.
import { once } from 'node:events';
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, join, relative } from 'node:path';
import { mountBpffs } from '../../../bpffs.mjs';
import { cgroup2Mount } from '../../../testbed/cgroups.mjs';
import { Machine } from '../../../testbed/machine.mjs';
import { Road } from '../../../testbed/road.mjs';
import { Testbed } from '../../../testbed/testbed.mjs';

export const AGENT = 'undermesh-agent';
export const COLLECTOR = 'undermesh-collector';

export class UnitRoad extends Road {
  #ports;
  #token;

  /** @param {string} name of the testbed @param {{ units?: string[] }} [options] `units`: what is installed as a service */
  static async create(name, { units = [AGENT, COLLECTOR] } = {}) {
    const road = new UnitRoad(await Testbed.create(name), mountBpffs());
    road.units = units;
    try {
      road.machine = await Machine.boot(road.testbed);
      road.#ports = { [COLLECTOR]: await freePort(), [AGENT]: await freePort() };
      return road;
    } catch (error) {
      await road.destroy();
      throw error;
    }
  }

  get url() {
    if (!this.#hasCollector) return super.url;
    return `http://127.0.0.1:${this.#ports[COLLECTOR]}`;
  }

  /** Installs packages, in the place of those that are there. */
  install(...files) {
    const inside = files.map((file) => join('/tmp', basename(file)));
    for (const [at, file] of files.entries()) copyFileSync(file, join(this.machine.root, inside[at]));
    return this.machine.run('dpkg', '--install', '--no-triggers', ...inside);
  }

  /** Configures the collector and starts it. */
  async startCollector() {
    if (!this.#hasCollector) return super.startCollector();
    const { machine } = this;
    const config = { collector: { listen: { port: this.#ports[COLLECTOR] } } };
    await machine.write('/etc/undermesh/collector.yaml', JSON.stringify(config)); // JSON is YAML too
    this.#token = /^UNDERMESH_TOKEN=(\S+)$/m.exec(await machine.run(COLLECTOR, 'token', 'reset'))[1];
    await machine.run('systemctl', 'start', COLLECTOR);
    await this.ready(COLLECTOR);
  }

  /** Configures the agent of a node and starts it. */
  async startAgent(node, settings = {}) {
    const { machine } = this;
    const credential = this.#hasCollector
      ? await machine.run(COLLECTOR, 'credential', '--node', node)
      : readFileSync(await this.credential(node), 'utf8');
    const file = '/var/lib/undermesh/agent.credential';
    await machine.write(file, credential);
    await machine.run('chmod', '600', file);
    const manifests = '/srv/mesh';
    for (const name of readdirSync(settings.mesh.manifests)) {
      await machine.write(join(manifests, name), readFileSync(join(settings.mesh.manifests, name), 'utf8'));
    }
    const agent = {
      node,
      cgroup: `/${relative(cgroup2Mount(), this.testbed.cgroup(node))}`,
      collector: { url: `${this.url.replace('http', 'ws')}/ingest/v1` },
      listen: { port: this.#ports[AGENT] },
      identity: this.identity,
      mesh: { ...settings.mesh, manifests },
      engine: { default: settings.engine.default },
    };
    await machine.write('/etc/undermesh/agent.yaml', JSON.stringify({ agent }));
    await machine.run('systemctl', 'start', AGENT);
    await this.ready(AGENT);
  }

  /** Waits until a service says that it is ready. */
  async ready(unit) {
    const url = `http://127.0.0.1:${this.#ports[unit]}/readyz`;
    await this.until(`${unit} is ready`, () =>
      fetch(url).then(
        ({ ok }) => ok,
        () => false,
      ),
    ).catch(async (error) => {
      const { stdout } = await this.machine.try('systemctl', 'status', '--no-pager', '--lines=0', unit);
      const answer = await fetch(url).then((one) => one.text(), String);
      throw new Error(`${error.message}: ${answer}\n${stdout}\n${this.machine.log(unit)}`);
    });
  }

  /** The process of a service, as the machine numbers it. */
  async pid(unit) {
    return Number(await this.machine.property(unit, 'MainPID'));
  }

  /** Has something happen to a service, and waits until another process of it is ready. */
  async replaced(unit, happen) {
    const former = await this.pid(unit);
    await happen();
    await this.until(`${unit} has another process`, async () => ![0, former].includes(await this.pid(unit)));
    await this.ready(unit);
  }

  async api(path) {
    if (!this.#hasCollector) return super.api(path);
    const response = await fetch(`${this.url}/api/v1/${path}`, {
      headers: { authorization: `Bearer ${this.#token}` },
      signal: AbortSignal.timeout(60_000),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  get #hasCollector() {
    return this.units.includes(COLLECTOR);
  }

  /** The machine ends with the testbed, and what it has in the kernel with the machine. */
  async uninstall() {}
}

async function freePort() {
  const server = createServer().listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
