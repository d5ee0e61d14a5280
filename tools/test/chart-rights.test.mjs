// SPDX-License-Identifier: Apache-2.0
// Agent and collector with the settings that the chart gives them, at an API server that lets them do what the chart lets them, and
// refuses whatever goes beyond: the agent joins by its service account, an operator gives orders, the DaemonSet is deleted.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { ApiServer } from '../../packages/mesh/test/cluster/api-server.ts';
import { objectOf, render } from '../chart/helm.mjs';
import { Road } from '../testbed/road.mjs';
import { sweep } from '../testbed/testbed.mjs';

const NODE = 'left';
const DAEMON_SET = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'undermesh-agent', namespace: 'mesh' },
};
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let objects;
let road;
const servers = {};
/** What was refused, by program. */
const refused = { agent: [], collector: [] };

/** Rules of all roles that a service account of the release is bound to. */
function rulesOf(account) {
  return objects
    .filter(
      ({ kind, subjects }) => /RoleBinding$/.test(kind) && subjects.some(({ name }) => name === account),
    )
    .flatMap(({ roleRef }) => objectOf(objects, roleRef.kind, roleRef.name).rules);
}

const VERBS = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** A question as RBAC sees it: a list by the name of an object is one of that object. */
function requestOf({ method, plural, name, watch, query }) {
  const [, selected] = /^metadata\.name=(.+)$/.exec(query.get('fieldSelector') ?? '') ?? [];
  const reading = name === undefined ? 'list' : 'get';
  return { verb: VERBS[method] ?? (watch ? 'watch' : reading), plural, name: name ?? selected };
}

const isAllowed = (rules, { verb, plural, name }) =>
  rules.some(
    ({ resources, verbs, resourceNames }) =>
      resources.includes(plural) &&
      verbs.includes(verb) &&
      (resourceNames === undefined || resourceNames.includes(name)),
  );

/** An API server that lets a program do what the chart allows it. */
async function serverFor(program, stored) {
  const rules = rulesOf(`undermesh-${program}`);
  const server = await ApiServer.start(stored);
  server.fault = (asked) => {
    const request = requestOf(asked);
    if (isAllowed(rules, request)) return undefined;
    refused[program].push(request);
    return 403;
  };
  servers[program] = server;
  return server;
}

const settingsOf = (program) =>
  parse(objectOf(objects, 'ConfigMap', `undermesh-${program}`).data['undermesh.yaml'])[program];

/** What was done, as `verb resource`. */
const done = (program) =>
  new Set(
    servers[program].asked.map((asked) => {
      const { verb, plural } = requestOf(asked);
      return `${verb} ${plural}`;
    }),
  );
const granted = (program) =>
  rulesOf(`undermesh-${program}`).flatMap(({ resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
  );

const TOKEN = 'a token of the agent’s pod';

/** The API server's word on a token: made for whom the pod's volume says, of the account that the pod runs as. */
function review({ token, audiences }) {
  const { volumes, serviceAccountName } = objectOf(objects, 'DaemonSet', 'undermesh-agent').spec.template
    .spec;
  const [source] = volumes.find(({ projected }) => projected !== undefined).projected.sources;
  if (token !== TOKEN || !audiences.includes(source.serviceAccountToken.audience))
    return { authenticated: false };
  return {
    authenticated: true,
    audiences,
    user: {
      username: `system:serviceaccount:mesh:${serviceAccountName}`,
      extra: { 'authentication.kubernetes.io/node-name': [NODE] },
    },
  };
}

/** What the ConfigMap holds that the agent's pod mounts, once the collector has written it. */
async function authority() {
  const { volumes } = objectOf(objects, 'DaemonSet', 'undermesh-agent').spec.template.spec;
  const { name } = volumes.find(({ name: volume }) => volume === 'authority').configMap;
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'mesh' } };
  await road.until('agents are told whom to trust', () => servers.collector.stored(map) !== undefined);
  return servers.collector.stored(map).data['ca.crt'];
}

function mounted(name, text) {
  const file = join(road.state, name);
  writeFileSync(file, text);
  return file;
}

/** Orders an engine. */
async function order(engine) {
  const { code, stderr } = await road.testbed.run('curl', [
    ...[
      '-sSf',
      '--cacert',
      join(road.state, 'ca.crt'),
      '-X',
      'PUT',
      '-H',
      `authorization: Bearer ${road.token}`,
    ],
    ...['-H', 'content-type: application/json', '-d', JSON.stringify({ engine, reason: 'tested' })],
    `${road.url}/api/v1/nodes/${NODE}/engine`,
  ]);
  if (code !== 0) throw new Error(stderr);
}

beforeAll(async () => {
  objects = await render();
  const forAgent = await serverFor('agent', [
    DAEMON_SET,
    { apiVersion: 'v1', kind: 'Node', metadata: { name: NODE } },
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'mesh' } },
  ]);
  const forCollector = await serverFor('collector', []);
  forCollector.review = review;
  road = await Road.create(`undermesh-test-rights-${process.pid}`);
  const { control, join: joining, hosts, tls } = settingsOf('collector');
  const { kubeconfig } = forCollector;
  await road.startCollector({
    config: {
      hosts,
      tls,
      join: { kubernetes: { ...joining.kubernetes, kubeconfig } },
      control: { kubernetes: { ...control.kubernetes, kubeconfig, namespace: 'mesh' } },
    },
  });
  const { mesh, collector } = settingsOf('agent');
  await road.startAgent(NODE, {
    collector: { url: `${road.url.replace('https', 'wss')}/ingest/v1` },
    // What the kubelet mounts. Here the collector is at another address than the one that its certificate is for.
    tls: {
      caFile: mounted('ca.crt', await authority()),
      serverName: new URL(collector.url).hostname,
      directory: join(road.state, 'tls'),
    },
    join: { serviceAccountToken: mounted('token', TOKEN) },
    mesh: { kubernetes: { ...mesh.kubernetes, kubeconfig: forAgent.kubeconfig } },
    engine: { default: 'off', directory: join(road.state, 'engine') },
  });
});

afterAll(async () => {
  await road?.uninstall(NODE).catch(() => {});
  await road?.destroy();
  await Promise.all(Object.values(servers).map((server) => server.remove()));
  await sweep('undermesh-test-rights');
});

describe('the rights that the chart gives', () => {
  it('let agents join, and the collector keep control state', async () => {
    for (const engine of ['dual-engine', 'off']) await order(engine);
    await road.until('orders are in the cluster', () => done('collector').has('create configmaps'));
    await road.until('its Lease is renewed', () => done('collector').has('update leases'));
    expect(refused.collector).toEqual([]);
  });

  it('let the agent follow the cluster, and know that it is gone for good', async () => {
    await road.until('all is listed', () => road.log(`agent-${NODE}`).includes('connected to the collector'));
    for (const resource of [
      'namespaces',
      'nodes',
      'services',
      'pods',
      'endpointslices',
      'gateways',
      'httproutes',
    ])
      await road.until(`${resource} are watched`, () => done('agent').has(`watch ${resource}`));
    servers.agent.delete(DAEMON_SET);
    await road.stopAgent(NODE);
    expect(road.log(`agent-${NODE}`)).toContain('the engine is taken out of the kernel');
    expect(refused.agent).toEqual([]);
  });

  it('are none that nobody uses', () => {
    const unused = (program) => granted(program).filter((right) => !done(program).has(right));
    expect(unused('agent')).toEqual([]);
    // Once a chunk of the log is full.
    expect(unused('collector')).toEqual(['delete configmaps']);
  });
});
