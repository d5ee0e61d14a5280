// SPDX-License-Identifier: Apache-2.0
// Faults are made for real, one after the other, while a Prometheus scrapes that has our alerts with shorter times: each
// alert fires, and resolves once its fault is mended.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Disk } from '../../../../bench/faults/disk.mjs';
import { inShop, NODE } from '../../../../bench/faults/shop.mjs';
import { findCommand } from '../../../packages.mjs';
import { cgroup2Mount } from '../../../testbed/cgroups.mjs';
import { namespacePath } from '../../../testbed/namespaces.mjs';
import { freePort, startPrometheus } from '../../../testbed/prometheus.mjs';
import { ruleFiles } from './boards.mjs';

/** What the rules wait and look back for, and what is here, so that a fault takes seconds. */
const SHORTER = [
  [/for: \S+/g, 'for: 2s'],
  [/\[(5m|15m|30m)\]/g, '[15s]'],
  [/\[(1h|6h)\]/g, '[30s]'],
  [/offset 5m/g, 'offset 15s'],
  [/> 1e6/g, '> 500'],
];
const PATIENCE_MS = 90_000;
const LIMITS = { services: 8, endpoints: 64 };

/** @param {{ name: string }} options `name` of the testbed */
export const alerts = ({ name }) =>
  inShop(name, async (shop) => {
    const faulty = new Faulty(shop);
    await faulty.open();
    for (const fault of Object.values(faults)) await faulty.go(fault);
  });

/** A shop that things happen to, and the Prometheus that watches it. */
class Faulty {
  #prometheus;

  constructor(shop) {
    this.shop = shop;
    this.road = shop.road;
    this.manifests = join(this.road.state, 'mesh');
    this.haproxy = join(this.road.state, 'haproxy');
  }

  async open() {
    const { shop, road } = this;
    this.disks = {};
    for (const [of, path, mib] of [
      ['collector', road.data, 512],
      ['agent', dirname(road.spool(NODE)), 64],
    ]) {
      mkdirSync(path, { recursive: true });
      this.disks[of] = new Disk(path, { name: of, state: road.state, mib });
      shop.defer(() => this.disks[of].remove());
    }
    mkdirSync(this.manifests);
    this.write('way', waypoint);
    this.write('s1', service(1, { 'istio.io/use-waypoint': 'way' }));
    symlinkSync(findCommand('haproxy'), this.haproxy);
    await road.startCollector();
    this.port = await freePort();
    await this.startAgent();
    shop.defer(() => road.uninstall(NODE));
    await shop.open();
    await shop.openHttp();
    const rules = ruleFiles().map((path) => {
      const shorter = join(road.state, basename(path));
      const text = readFileSync(path, 'utf8');
      writeFileSync(
        shorter,
        SHORTER.reduce((rest, [from, to]) => rest.replace(from, to), text),
      );
      return shorter;
    });
    this.#prometheus = await startPrometheus(road, { agents: [`127.0.0.1:${this.port}`], rules });
    shop.defer(() => this.#prometheus.stop());
  }

  startAgent(settings = {}) {
    const below = `/${relative(cgroup2Mount(), this.road.testbed.cgroup(NODE))}`;
    return this.road.startAgent(NODE, {
      listen: { port: this.port },
      memoryBytes: 1 << 20,
      ringBytes: 1 << 16,
      engine: { default: 'dual-engine', directory: join(this.road.state, 'engine') },
      mesh: {
        manifests: this.manifests,
        enrol: [below],
        limits: LIMITS,
        waypoints: {
          run: ['shop/way'],
          cgroup: join(below, 'way'),
          networkNamespace: namespacePath(this.shop.namespace),
          program: this.haproxy,
        },
      },
      ...settings,
    });
  }

  write(name, manifest) {
    writeFileSync(join(this.manifests, `${name}.yaml`), JSON.stringify(manifest)); // JSON is YAML too
  }

  unwrite(name) {
    rmSync(join(this.manifests, `${name}.yaml`), { force: true });
  }

  /** Makes a fault, waits until its alerts fire, mends it, waits until they are quiet. */
  async go({ alerts: names, make, mend }) {
    const { findings } = this.shop;
    const isFiring = async (name) =>
      (await this.#prometheus.query(`ALERTS{alertname="${name}",alertstate="firing"}`)).length > 0;
    const took = async (name, wanted) => {
      const start = Date.now();
      await this.road.until(name, async () => (await isFiring(name)) === wanted, PATIENCE_MS).catch(() => {});
      return [(await isFiring(name)) === wanted, `${((Date.now() - start) / 1000).toFixed(0)} s`];
    };
    await this.road.until('the engine is in force', async () => {
      const { items } = await this.road.api('engines').catch(() => ({ items: [] }));
      return items[0]?.engine.state === 'in-force';
    });
    for (const name of names) findings.holds(`${name}: quiet before`, ...(await took(name, false)));
    const fault = await make(this);
    for (const name of names) findings.holds(`${name}: fires`, ...(await took(name, true)));
    await mend(this, fault);
    for (const name of names) findings.holds(`${name}: resolves`, ...(await took(name, false)));
  }
}

const faults = {
  agentGone: {
    alerts: ['UndermeshAgentSilent', 'UndermeshEngineNotAsDesired'],
    make: ({ road }) => road.killAgent(NODE),
    mend: (faulty) => faulty.startAgent(),
  },
  collectorGone: {
    alerts: ['UndermeshCollectorAbsent'],
    make: ({ road }) => road.stopCollector(),
    mend: ({ road }) => road.startCollector(),
  },
  hookTakenAway: {
    alerts: ['UndermeshEngineDrift'],
    make: ({ road }) => {
      // Another program that wants the hook for itself keeps the agent from putting its own back.
      const cgroup = road.testbed.cgroup(NODE);
      const link = linkOf('steer_connect4', cgroup);
      bpftool('link', 'detach', 'id', String(link.id));
      const program = ['connect4', 'id', String(link.prog_id)];
      bpftool('cgroup', 'attach', cgroup, ...program);
      return () => bpftool('cgroup', 'detach', cgroup, ...program);
    },
    mend: (_faulty, giveBack) => giveBack(),
  },
  wrongManifest: {
    alerts: ['UndermeshConfigurationRefused'],
    make: (faulty) => faulty.write('wrong', { ...service(2), spec: { ports: [{ port: 0 }] } }),
    mend: (faulty) => faulty.unwrite('wrong'),
  },
  mapFull: {
    alerts: ['UndermeshMapNearlyFull', 'UndermeshConfigurationNotWritten'],
    make: async (faulty) => {
      const { services } = LIMITS;
      for (let number = 2; number <= services; number += 1) faulty.write(`s${number}`, service(number));
      await pause(3000);
      for (let number = services + 1; number <= services + 3; number += 1)
        faulty.write(`s${number}`, service(number));
    },
    mend: (faulty) => {
      for (let number = 2; number <= LIMITS.services + 3; number += 1) faulty.unwrite(`s${number}`);
    },
  },
  waypointGone: {
    alerts: ['UndermeshWaypointDown'],
    make: ({ road, haproxy }) => {
      rmSync(haproxy);
      symlinkSync('/bin/false', haproxy);
      const procs = join(road.testbed.cgroup(`${NODE}/way`), 'cgroup.procs');
      for (const pid of readFileSync(procs, 'utf8').split('\n').filter(Boolean)) kill(Number(pid));
    },
    mend: ({ haproxy }) => {
      rmSync(haproxy);
      symlinkSync(findCommand('haproxy'), haproxy);
    },
  },
  nobodyListens: {
    alerts: ['UndermeshConnectsFail'],
    make: ({ shop }) => shop.flow(20, { port: 9 }),
    mend: (_faulty, flow) => flow.stop(),
  },
  everyThirdFails: {
    alerts: ['UndermeshErrorBudgetBurnsFast', 'UndermeshErrorBudgetBurns'],
    make: ({ shop }) => {
      let going = true;
      const over = (async () => {
        while (going) {
          await shop.requestBurst(50, { concurrency: 2, delayMs: 5, status: 503 });
          await shop.requestBurst(100, { concurrency: 2, delayMs: 5 });
        }
      })();
      return async () => {
        going = false;
        await over;
        await shop.requestBurst(2000, { concurrency: 2, delayMs: 15 });
      };
    },
    mend: (_faulty, end) => end(),
  },
  ringFull: {
    alerts: ['UndermeshRecordsLost', 'UndermeshHelperErrors'],
    make: async ({ road, shop }) => {
      const pid = road.agentPid(NODE);
      process.kill(pid, 'SIGSTOP');
      await shop.burst(3000);
      process.kill(pid, 'SIGCONT');
    },
    mend: () => {},
  },
  hookDetached: {
    alerts: ['UndermeshHookDetached'],
    make: ({ road }) => {
      const { id } = linkOf('observe_sockops', road.testbed.cgroup(NODE));
      bpftool('link', 'detach', 'id', String(id));
    },
    mend: async (faulty) => {
      await faulty.road.stopAgent(NODE);
      await faulty.startAgent();
    },
  },
  disksFull: {
    alerts: ['UndermeshRecordsWait', 'UndermeshSpoolRefuses'],
    make: ({ shop, disks }) => {
      disks.collector.fill();
      disks.agent.fill();
      return shop.flow(400);
    },
    mend: async ({ disks }, flow) => {
      await flow.stop();
      disks.agent.free();
      disks.collector.free();
    },
  },
  manyLabelSets: {
    alerts: ['UndermeshSeriesOverflow'],
    make: async ({ road, shop }) => {
      await road.stopCollector();
      await road.startCollector({ config: { limits: { series: 1 } } });
      await pause(5000);
      await shop.burst(50);
      await shop.requestBurst(50);
    },
    mend: async ({ road }) => {
      await road.stopCollector();
      await road.startCollector();
    },
  },
};

const bpftool = (...parameters) => execFileSync(findCommand('bpftool'), parameters, { encoding: 'utf8' });

/** By which a program, whose name the kernel cuts, is attached to a cgroup. */
function linkOf(name, cgroup) {
  const programs = JSON.parse(bpftool('-j', 'prog', 'show')).filter((one) =>
    name.startsWith(one.name ?? '-'),
  );
  const ids = programs.map(({ id }) => id);
  const { ino } = statSync(cgroup);
  return JSON.parse(bpftool('-j', 'link', 'show')).find(
    ({ cgroup_id: of, prog_id: program }) => of === ino && ids.includes(program),
  );
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended
  }
}

const waypoint = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { name: 'way', namespace: 'shop' },
  spec: {
    gatewayClassName: 'undermesh-waypoint',
    addresses: [{ value: '127.0.0.40' }],
    listeners: [{ name: 'mesh', port: 15008, protocol: 'HTTP' }],
  },
};

const service = (number, labels = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: `s${number}`, namespace: 'shop', labels },
  spec: {
    clusterIP: `10.98.1.${number}`,
    ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
  },
});
