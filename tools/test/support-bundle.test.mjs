// SPDX-License-Identifier: Apache-2.0
// Bundles of a real collector and a real agent, alive and dead, with secrets planted wherever somebody might put one: what is
// unpacked holds none of them, and has what a report needs.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { environment, root } from '../paths.mjs';
import { freePort } from '../testbed/prometheus.mjs';
import { Road } from '../testbed/road.mjs';

const agentProgram = join(root, 'apps/agent/bin/undermesh-agent.mjs');
const commandLine = join(root, 'apps/cli/bin/undermesh.mjs');
const NODE = 'xq7left';
/** One for each place, so that a leak says where it comes from. */
const SECRETS = {
  token: 'planted0Token1',
  credential: 'planted0Credential2',
  password: 'planted0Password3',
  environment: 'planted0Environment4',
  fileName: 'planted0File5',
  userinfo: 'planted0Userinfo6',
  kubeconfig: 'planted0Kubeconfig7',
  path: 'planted0Path8',
  header: 'planted0Header9',
  label: 'planted0Label10',
  reason: 'planted0Reason11',
  log: 'planted0Log12',
};
const PLANTED = /planted0[A-Za-z]+\d+/g;
const scratch = mkdtempSync(join(tmpdir(), 'undermesh-bundle-'));
let road;
let port;
/** The agent's configuration with secrets in it. */
let config;

beforeAll(async () => {
  road = await Road.create(`undermesh-test-bundle-${process.pid}`);
  await road.startCollector({
    config: { hosts: [`${SECRETS.password}.example`], web: join(scratch, SECRETS.fileName) },
    env: { OTEL_EXPORTER_OTLP_HEADERS: `authorization=${SECRETS.environment}` },
  });
  port = await freePort();
  await road.startAgent(NODE, { listen: { port }, labels: { pool: SECRETS.label } });
  await road.put(`nodes/${NODE}/engine`, { engine: 'off', reason: SECRETS.reason });
  plant();
  await askByHttp();
}, 300_000);

afterAll(async () => {
  await road.uninstall(NODE);
  await road.destroy();
  rmSync(scratch, { recursive: true, force: true });
}, 300_000);

/** Writes files with secrets in them, and a configuration that leads to them. */
function plant() {
  const directory = join(scratch, SECRETS.fileName);
  mkdirSync(join(directory, 'mesh'), { recursive: true });
  const write = (name, text) => {
    const file = join(directory, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  write(
    'mesh/route.yaml',
    `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: cart, namespace: shop }
spec:
  parentRefs: [{ kind: Service, group: '', name: cart }]
  rules:
    - matches: [{ path: { value: /${SECRETS.path} }, headers: [{ name: x-key, value: ${SECRETS.header}, type: ${SECRETS.header} }] }]
`,
  );
  const { agent } = JSON.parse(readFileSync(join(road.state, `agent-${NODE}.yaml`), 'utf8'));
  config = write(
    'undermesh.yaml',
    JSON.stringify({
      agent: {
        ...agent,
        collector: {
          url:
            agent.collector.url.replace('ws://', `ws://joe:${SECRETS.userinfo}@`) +
            `?key=${SECRETS.password}`,
          credentialFile: write('agent.credential', SECRETS.credential),
        },
        mesh: {
          manifests: join(directory, 'mesh'),
          kubernetes: { kubeconfig: write('kubeconfig', SECRETS.kubeconfig) },
        },
        systemCgroups: [`/${SECRETS.path}`],
      },
    }),
  );
}

/** One real request with secrets in its path and a header, within the node's cgroup. */
async function askByHttp() {
  const code = `
    const http = require('node:http');
    const server = http.createServer((_, answer) => answer.end('ok')).listen(0, '127.0.0.1', () => {
      const headers = { authorization: '${SECRETS.header}', connection: 'close' };
      const { port } = server.address();
      http.get({ port, path: '/${SECRETS.path}?key=${SECRETS.password}', headers }, (answer) => answer.resume().on('end', () => server.close()));
    });`;
  const script = `echo $$ > "${road.testbed.cgroup(NODE)}/cgroup.procs"; exec "$@"`;
  execFileSync('sh', ['-c', script, 'sh', process.execPath, '-e', code], { timeout: 30_000 });
  await road.settled(2);
}

/** The agent's log, and lines in it that have secrets. */
function logFile(name) {
  const file = join(scratch, `${name}.log`);
  const lines = [
    JSON.stringify({
      time: new Date().toISOString(),
      level: 30,
      msg: 'attached',
      token: SECRETS.log,
      [SECRETS.log]: 1,
    }),
    `Error: cannot open /etc/${SECRETS.log}`,
  ];
  writeFileSync(file, `${road.log(name)}${lines.join('\n')}\n`);
  return file;
}

const env = () => ({
  ...environment,
  UNDERMESH_COLLECTOR: road.url,
  UNDERMESH_AGENT_LOG_LEVEL: 'info',
  PASSWORD: SECRETS.environment,
  HTTPS_PROXY: `http://joe:${SECRETS.userinfo}@127.0.0.1:1`,
});

/** Runs a program that writes a bundle; what it wrote, by name, and what it printed. */
function bundle(name, program, parameters) {
  const file = join(scratch, `${name}.tar.gz`);
  const printed = execFileSync(process.execPath, [program, 'support-bundle', '--file', file, ...parameters], {
    env: env(),
    encoding: 'utf8',
    timeout: 120_000,
  });
  const directory = join(scratch, `${name}.unpacked`);
  mkdirSync(directory);
  execFileSync('tar', ['xzf', file, '-C', directory]);
  const [top] = readdirSync(directory);
  const names = readdirSync(join(directory, top));
  const files = Object.fromEntries(
    names.map((one) => [one, readFileSync(join(directory, top, one), 'utf8')]),
  );
  return { printed, files, manifest: JSON.parse(files['manifest.json']) };
}

const agentBundle = (name, ...parameters) =>
  bundle(name, agentProgram, ['--config', config, '--log', logFile(`agent-${NODE}`), ...parameters]);
const commandBundle = (name, ...parameters) =>
  bundle(name, commandLine, ['--log', logFile('collector'), '--agent', 'false', ...parameters]);

/** Secrets that are in a bundle, with the file that each is in: planted ones and those of this very road. */
function leaks({ files, printed }) {
  const credential = readFileSync(join(road.state, `${NODE}.credential`), 'utf8').trim();
  return Object.entries({ ...files, printed }).flatMap(([name, text]) => {
    const own = [credential, road.token].filter((secret) => text.includes(secret) || name.includes(secret));
    return [...text.matchAll(PLANTED)]
      .map(([secret]) => `${name}: ${secret}`)
      .concat(own.map(() => `${name}: own`));
  });
}

const missing = ({ manifest }) =>
  manifest.parts.filter(({ error }) => error !== undefined).map(({ file }) => file);

describe('undermesh-agent support-bundle', () => {
  it('has all of a node whose agent runs, and none of the secrets', () => {
    const made = agentBundle('alive');
    expect(leaks(made)).toEqual([]);
    expect(missing(made)).toEqual([]);
    const { files } = made;
    expect(files['metrics.prom']).toMatch(/^undermesh_agent_ends_made_total [1-9]/m);
    expect(JSON.parse(files['configuration.json']).agent).toMatchObject({
      node: NODE,
      'collector.url': road.url.replace('http', 'ws'),
      'collector.credentialFile': 'set, not as by default',
    });
    expect(JSON.parse(files['files.json'])['collector.credentialFile']).toMatchObject({
      mode: '600',
      exists: true,
    });
    const pins = JSON.parse(files['pins.json']);
    expect(pins.map(({ kind }) => kind)).not.toContain('unknown');
    expect(JSON.parse(files['maps.json'])).toContainEqual(
      expect.objectContaining({ map: 'totals', type: 'percpu_array' }),
    );
    for (const { refused } of JSON.parse(files['objects.json'])) expect(refused).toBeNull();
    expect(files['log.jsonl']).toContain('"msg":"connected to the collector"');
    expect(JSON.parse(files['doctor.json']).map(({ check }) => check)).toContain('kernel');
  }, 300_000);

  it('replaces names and addresses, the same ones by the same', () => {
    const made = agentBundle('anonymous', '--anonymise');
    expect(leaks(made)).toEqual([]);
    const whole = Object.values(made.files).join('\n');
    expect(whole).not.toContain(NODE);
    expect(JSON.parse(made.files['configuration.json']).agent.node).toBe('name-1');
    expect(made.manifest.anonymised).toBe(true);
  }, 300_000);

  it('has the facts of a node whose agent is dead and whose collector is away', async () => {
    const { agent } = JSON.parse(readFileSync(config, 'utf8'));
    const url = `ws://joe:${SECRETS.userinfo}@127.0.0.1:${await freePort()}/ingest/v1`;
    writeFileSync(config, JSON.stringify({ agent: { ...agent, collector: { ...agent.collector, url } } }));
    await road.killAgent(NODE);
    const made = agentBundle('dead');
    expect(leaks(made)).toEqual([]);
    expect(missing(made)).toEqual(['readiness.json', 'metrics.prom']);
    expect(made.files['network.json']).toContain('ECONNREFUSED');
    expect(JSON.parse(made.files['pins.json']).length).toBeGreaterThan(0);
  }, 300_000);

  it('takes a configuration that cannot be used for a fact', () => {
    const wrong = join(scratch, 'wrong.yaml');
    writeFileSync(
      wrong,
      JSON.stringify({ agent: { nonsense: SECRETS.password, ringBytes: SECRETS.password } }),
    );
    const made = bundle('wrong', agentProgram, ['--config', wrong]);
    expect(leaks(made)).toEqual([]);
    expect(JSON.parse(made.files['configuration.json']).problem).toContain('agent.ringBytes');
  }, 300_000);
});

describe('undermesh support-bundle', () => {
  it('has what the collector knows, and none of the secrets', () => {
    const made = commandBundle('collector');
    expect(leaks(made)).toEqual([]);
    expect(missing(made)).toEqual(['doctor.json']); // there is no agent of that name
    const { files } = made;
    expect(JSON.parse(files['status.json']).records.made).toBeGreaterThanOrEqual(2);
    expect(JSON.parse(files['nodes.json']).items[0]).toMatchObject({ name: NODE, hooks: expect.any(Array) });
    expect(JSON.parse(files['engines.json']).items[0].engine).toMatchObject({ desired: 'off' });
    expect(JSON.parse(files['changes.json']).items.map(({ kind }) => kind)).toContain('engine_set');
    const { settings, files: kept } = JSON.parse(files['collector.json']);
    expect(settings).toMatchObject({ 'store.driver': 'duckdb', hosts: '1 in the list' });
    expect(kept.map(({ kind }) => kind)).toContain('duckdb');
    expect(files['metrics.prom']).toMatch(/^undermesh_records_received_total/m);
    expect(files['log.jsonl']).toContain('collector listens');
  }, 300_000);

  it('replaces names and addresses, and has one node alone when asked', () => {
    const made = commandBundle('collector-anonymous', '--anonymise', '--node', NODE);
    expect(leaks(made)).toEqual([]);
    expect(Object.values(made.files).join('\n')).not.toContain(NODE);
    expect(JSON.parse(made.files['nodes.json']).items).toHaveLength(1);
  }, 300_000);

  it('overwrites nothing, and says what to do', () => {
    const file = join(scratch, 'there.tar.gz');
    writeFileSync(file, 'mine');
    const run = () =>
      execFileSync(process.execPath, [commandLine, 'support-bundle', '--file', file], {
        env: env(),
        stdio: 'pipe',
      });
    expect(run).toThrow(/bundle_unwritable/);
    expect(readFileSync(file, 'utf8')).toBe('mine');
  }, 300_000);
});
