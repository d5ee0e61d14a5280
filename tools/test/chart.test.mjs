// SPDX-License-Identifier: Apache-2.0
// The chart, rendered by real Helm for each situation of charts/undermesh/ci: every object against the schemas of Kubernetes,
// of the Prometheus operator and of the Gateway API, every undermesh.yaml against those of the programs. And what Helm refuses.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAgentConfig } from '@undermesh/agent';
import { CollectorConfig } from '@undermesh/collector';
import { loadConfig } from '@undermesh/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { chart, helm, objectOf, render } from '../chart/helm.mjs';
import { unknownFields, wrongValues } from '../chart/kubernetes.mjs';
import { root } from '../paths.mjs';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
const directory = join(chart, 'ci');
const short = (path) => path.slice(directory.length + 1);
const situations = readdirSync(directory).map((name) => join(directory, name));
/** Other clusters than the one Helm supposes: the oldest, and one with everything. */
const OLDEST = ['--kube-version', '1.27.0'];
const FOR_OLDEST = ['default.yaml', 'no-systemd.yaml', 'base-path.yaml'];
const WITH_GATEWAYS = ['--kube-version', '1.35.0', '--api-versions', 'gateway.networking.k8s.io/v1'];

const scratch = mkdtempSync(join(tmpdir(), 'undermesh-chart-'));
/** What is rendered, by situation. */
const rendered = new Map();

beforeAll(async () => {
  for (const values of situations) {
    rendered.set(values, await render({ values: [values], more: WITH_GATEWAYS }));
    if (FOR_OLDEST.includes(short(values)))
      rendered.set(`${values}, oldest`, await render({ values: [values], more: OLDEST }));
  }
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const of = (name) => rendered.get(join(directory, `${name}.yaml`));
const containerOf = (objects, kind, name) => objectOf(objects, kind, name).spec.template.spec.containers[0];

describe('the chart', () => {
  it('is what charts/values says', () => {
    const script = join(root, 'charts/values/generate.mjs');
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it('has nothing that Helm’s linter minds', async () => {
    const files = situations.flatMap((file) => ['--values', file]);
    for (const values of [[], files.slice(0, 2)]) {
      const { code, stdout, stderr } = await helm(['lint', '--strict', chart, ...values]);
      expect(`${stdout}${stderr}`).not.toMatch(/\[(WARNING|ERROR)\]/);
      expect(code).toBe(0);
    }
  });
});

describe.each(situations.map((path) => [short(path), path]))('rendered for %s', (_, path) => {
  it('has objects as Kubernetes takes them', async () => {
    expect(rendered.get(path).length).toBeGreaterThan(5);
    const objects = [...rendered.get(path), ...(rendered.get(`${path}, oldest`) ?? [])];
    const wrong = [];
    for (const object of objects)
      for (const what of await wrongValues(object))
        wrong.push(`${object.kind} ${object.metadata.name}: ${what}`);
    expect(wrong).toEqual([]);
  });

  it('has each object once, in its namespace, labelled', () => {
    const objects = rendered.get(path);
    const keys = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace} ${metadata.name}`);
    expect(new Set(keys).size).toBe(keys.length);
    for (const { kind, metadata } of objects) {
      expect(metadata.labels['app.kubernetes.io/part-of']).toBe('undermesh');
      expect(metadata.namespace).toBe(/^(Cluster|GatewayClass)/.test(kind) ? undefined : 'mesh');
    }
  });

  it('has settings that the programs take', () => {
    const files = rendered
      .get(path)
      .filter(({ kind, data }) => kind === 'ConfigMap' && data?.['undermesh.yaml'] !== undefined);
    expect(files.length).toBeGreaterThan(0);
    for (const { data } of files) {
      const file = join(scratch, 'undermesh.yaml');
      writeFileSync(file, data['undermesh.yaml']);
      if (data['undermesh.yaml'].startsWith('agent:')) loadAgentConfig({ file });
      else loadConfig({ section: 'collector', schema: CollectorConfig, file, env: {} });
    }
  });

  it('selects the pods that it makes', () => {
    const objects = rendered.get(path);
    const workloads = objects.filter(({ kind }) => kind === 'DaemonSet' || kind === 'StatefulSet');
    const labels = workloads.map(({ spec }) => spec.template.metadata.labels);
    const holds = (selector) =>
      labels.some((own) => Object.entries(selector).every(([name, value]) => own[name] === value));
    for (const { spec } of workloads) expect(holds(spec.selector.matchLabels)).toBe(true);
    for (const { kind, spec, metadata } of objects) {
      const selector =
        { Service: spec?.selector, NetworkPolicy: spec?.podSelector?.matchLabels }[kind] ??
        (kind === 'PodDisruptionBudget' ? spec.selector.matchLabels : undefined);
      if (selector !== undefined) expect(holds(selector), `${kind} ${metadata.name}`).toBe(true);
    }
  });

  it('is given no powers that it does not need', () => {
    for (const { kind, metadata, spec } of rendered.get(path)) {
      if (kind !== 'DaemonSet' && kind !== 'StatefulSet') continue;
      const [{ securityContext }] = spec.template.spec.containers;
      expect(securityContext, metadata.name).toMatchObject({
        privileged: false,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(spec.template.spec.hostNetwork).toBeUndefined();
      if (kind === 'StatefulSet') expect(spec.template.spec.securityContext.runAsNonRoot).toBe(true);
    }
  });
});

it('has no field that Kubernetes does not know', () => {
  expect(unknownFields([...rendered.values()].flat())).toEqual([]);
});

it('notices fields that are wrong', async () => {
  const set = structuredClone(objectOf(of('default'), 'DaemonSet', 'undermesh-agent'));
  set.spec.template.spec.hostPID = 'yes';
  set.spec.template.spec.containers[0].livenessProb = {};
  delete set.spec.selector;
  expect(await wrongValues(set)).toEqual([
    expect.stringContaining('selector'),
    expect.stringContaining('/spec/template/spec/hostPID must be boolean'),
  ]);
  expect(unknownFields([set]).join('\n')).toContain('livenessProb');
});

describe('what is rendered', () => {
  it('lets agents read what they follow, and change nothing', () => {
    const objects = of('pools');
    const roles = objects.filter(
      ({ kind, metadata }) => /Role$/.test(kind) && metadata.name.includes('agent'),
    );
    const rules = roles.flatMap(({ rules: own }) => own);
    expect(new Set(rules.flatMap(({ verbs }) => verbs))).toEqual(new Set(['list', 'watch', 'get']));
    expect(rules.find(({ resources }) => resources.includes('daemonsets')).resourceNames).toEqual([
      'undermesh-agent-edge',
      'undermesh-agent-steered',
    ]);
    expect(rules.flatMap(({ resources }) => resources)).not.toContain('secrets');
  });

  it('has a DaemonSet for each pool, with settings of its own above those of all', () => {
    const edge = objectOf(of('pools'), 'DaemonSet', 'undermesh-agent-edge').spec.template.spec;
    expect(edge.nodeSelector).toEqual({ 'kubernetes.io/os': 'linux', 'example.org/pool': 'edge' });
    expect(edge.containers[0].resources).toEqual({ limits: { memory: '256Mi' } });
    const settings = objectOf(of('pools'), 'ConfigMap', 'undermesh-agent-edge').data['undermesh.yaml'];
    expect(settings).toContain('http: false');
    expect(settings).toContain('daemonSet: mesh/undermesh-agent-edge');
  });

  it('restarts pods whose settings change', async () => {
    const [before, after] = await Promise.all(
      ['info', 'debug'].map((level) => render({ set: [`agent.config.logLevel=${level}`] })),
    );
    const sum = (objects) =>
      objectOf(objects, 'DaemonSet', 'undermesh-agent').spec.template.metadata.annotations['checksum/config'];
    expect(sum(before)).not.toBe(sum(after));
  });

  it('goes by the cluster’s age', () => {
    const current = containerOf(of('default'), 'DaemonSet', 'undermesh-agent').securityContext;
    expect(current.appArmorProfile).toEqual({ type: 'Unconfined' });
    const oldest = rendered.get(`${join(directory, 'default.yaml')}, oldest`);
    const { template } = objectOf(oldest, 'DaemonSet', 'undermesh-agent').spec;
    expect(template.spec.containers[0].securityContext.appArmorProfile).toBeUndefined();
    expect(template.metadata.annotations).toMatchObject({
      'container.apparmor.security.beta.kubernetes.io/agent': 'unconfined',
    });
    expect(oldest.map(({ kind }) => kind)).not.toContain('GatewayClass');
    expect(of('default').map(({ kind }) => kind)).toContain('GatewayClass');
  });

  it('takes images from where it is told', () => {
    const image = (kind, name) => containerOf(of('existing-secrets'), kind, name).image;
    expect(image('DaemonSet', 'undermesh-agent')).toMatch(/^registry\.example\/mirror\/.*@sha256:/);
    expect(image('StatefulSet', 'undermesh-collector')).toMatch(/:0\.1\.0-mirrored$/);
  });

  it('has all dashboards and rules that there are', () => {
    const objects = of('monitoring');
    const shown = objects.filter(({ metadata }) => metadata.labels.grafana_dashboard === '1');
    expect(shown.length).toBe(readdirSync(join(chart, 'dashboards')).length);
    for (const { data } of shown) for (const text of Object.values(data)) JSON.parse(text);
    const rules = objects.filter(({ kind }) => kind === 'PrometheusRule');
    expect(rules.length).toBe(readdirSync(join(chart, 'rules')).length);
    expect(JSON.stringify(rules)).toContain('{{ $labels.');
  });
});

describe('Helm refuses', () => {
  it.each([
    ['a setting that no agent has', ['agent.config.ringByte=65536'], /ringByte/],
    ['a setting that no collector has', ['collector.config.store.driverr=duckdb'], /driverr/],
    ['a value that the agent would not take', ['agent.config.engine.default=turbo'], /engine\/default/],
    ['a number out of bounds', ['collector.config.ingest.credits=5000'], /credits/],
    [
      'what the kernel would refuse',
      ['agent.pools.one.nodeSelector.a=b', 'agent.pools.one.config.programStatistics=true'],
      /SYS_ADMIN/,
    ],
    ['a setting that the chart settles', ['agent.config.node=mine'], /node/],
    ['a value that the chart does not have', ['agent.tolerationz=[]'], /tolerationz/],
    ['text for a number', ['collector.service.port=many'], /port/],
    ['a pool of all nodes', ['agent.pools.all.config.http=false'], /nodeSelector/],
    ['agents without a collector', ['collector.enabled=false'], /agent\.collectorUrl/],
    ['TLS that is off without credentials', ['tls.mode=off'], /agent\.credentials\.secretName/],
    ['a certificate that is nowhere', ['tls.mode=secret'], /tls\.secretName/],
    [
      'a scraper without a token',
      ['monitoring.serviceMonitor.enabled=true'],
      /tokenSecret\.name.*auth\.read/s,
    ],
    ['an Ingress for any host', ['ingress.enabled=true'], /ingress\.host/],
  ])('%s', async (_, set, says) => {
    await expect(render({ set })).rejects.toThrow(says);
  });
});
