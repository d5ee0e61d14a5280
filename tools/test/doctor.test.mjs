// SPDX-License-Identifier: Apache-2.0
// Set-ups that are broken for real, each in one way, in a mount namespace where that is needed: the doctor finds what is
// wrong and names the mend.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findCommand } from '../packages.mjs';
import { environment, root } from '../paths.mjs';
import { cgroup2Mount } from '../testbed/cgroups.mjs';
import { freePort } from '../testbed/prometheus.mjs';
import { Road } from '../testbed/road.mjs';

const agentProgram = join(root, 'apps/agent/bin/undermesh-agent.mjs');
const commandLine = join(root, 'apps/cli/bin/undermesh.mjs');
const NODE = 'left';
const scratch = mkdtempSync(join(tmpdir(), 'undermesh-doctor-'));
const servers = [];
let road;
let file;
let config;
/** A port on which nobody listens. */
let closed;

beforeAll(async () => {
  for (const name of ['mesh', 'engine']) mkdirSync(join(scratch, name));
  closed = await freePort();
  road = await Road.create(`undermesh-test-doctor-${process.pid}`);
  await road.startCollector();
  const port = await freePort();
  await road.startAgent(NODE, { listen: { port } });
  file = join(road.state, `agent-${NODE}.yaml`);
  config = { port, cgroup: `/${relative(cgroup2Mount(), road.testbed.cgroup(NODE))}` };
}, 300_000);

afterAll(async () => {
  for (const server of servers) server.close();
  await road.uninstall(NODE);
  await road.destroy();
  rmSync(scratch, { recursive: true, force: true });
}, 300_000);

/**
 * What the doctor finds.
 * @param {{ mounts?: string, prefix?: string[], set?: Record<string, string>, from?: string }} of `mounts`: a script that
 *   breaks something for it alone; `prefix`: what it is run by; `from`: another configuration
 */
async function examine({ mounts, prefix = [], set = {}, from = file } = {}) {
  const settings = Object.entries(set).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const doctor = [
    ...prefix,
    process.execPath,
    agentProgram,
    'doctor',
    '--json',
    '--config',
    from,
    ...settings,
  ];
  const command =
    mounts === undefined
      ? doctor
      : [
          'unshare',
          '--mount',
          '--propagation',
          'private',
          'sh',
          '-ec',
          `${mounts}\nexec "$@"`,
          'sh',
          ...doctor,
        ];
  const [program, ...parameters] = command;
  const { code, stdout, stderr } = await road.testbed.run(program, parameters, { env: environment });
  if (stdout === '') throw new Error(`the doctor says nothing: ${stderr}`);
  return { code, findings: JSON.parse(stdout) };
}

/** A server that answers as a collector would, but for something. */
async function stand(answer) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `ws://127.0.0.1:${server.address().port}/ingest/v1`;
}

const write = (name, text) => writeAs(0o600, name, text);

function writeAs(mode, name, text) {
  const path = join(scratch, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function wrongManifests() {
  mkdirSync(join(scratch, 'wrong'));
  const service =
    'apiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop}\nspec: {ports: [{port: 0}]}\n';
  write('wrong/cart.yaml', service);
  return join(scratch, 'wrong');
}

/**
 * Ways to break a set-up, several at a time where they do not touch each other: what is mounted, set or run otherwise, and
 * for each check words of what is found and of the mend.
 */
const BROKEN = [
  {
    how: () => ({ from: write('wrong.yaml', 'agent:\n  ringBytes: 100000\n') }),
    finds: [['configuration', /ringBytes/, /Mend it/]],
  },
  {
    how: () => ({
      mounts: `
        mount -t tmpfs none /sys/kernel/btf
        mount -t tmpfs none /sys/kernel/security
        echo "none integrity [confidentiality]" > /sys/kernel/security/lockdown
        mount --bind ${write('zero', '0\n')} /proc/sys/net/core/bpf_jit_enable
        mount -t tmpfs -o size=64k none ${join(scratch, 'mesh')}
        head -c 1M /dev/zero > ${join(scratch, 'mesh/full')} 2> /dev/null || true
        mount --bind ${join(scratch, 'engine')} ${join(scratch, 'engine')}
        mount -o remount,bind,ro ${join(scratch, 'engine')}`,
      set: {
        'spool.directory': join(scratch, 'mesh'),
        'engine.directory': join(scratch, 'engine'),
        'mesh.enrol': `${config.cgroup}/*/nobody`,
        'mesh.manifests': '/nowhere',
        'mesh.waypoints.run': '*',
        'mesh.waypoints.program': '/nowhere/haproxy',
        'collector.credentialFile': '/nowhere',
        'collector.url': `ws://127.0.0.1:${closed}/ingest/v1`,
        objectFile: '/nowhere/observe.bpf.o',
        instance: 'another',
      },
    }),
    finds: [
      ['btf', /vmlinux is missing/, /DEBUG_INFO_BTF/],
      ['lockdown', /confidentiality/, /lockdown=integrity/],
      ['jit', /interpreted/, /bpf_jit_enable=1/],
      ['spool', /is full/, /Free some room/],
      ['engine.directory', /cannot be written/, /agent\.engine\.directory/],
      ['enrolment', /no cgroup matches/, /Correct the patterns/],
      ['manifests', /does not exist/, /agent\.mesh\.manifests/],
      ['haproxy', /cannot be/, /apt-get install haproxy/],
      ['credential', /cannot be read/, /Create the agent credential/],
      ['collector', /ECONNREFUSED/, /Start the collector/],
      ['objects', /does not exist/, /npm run build/],
      ['agent', /no agent runs as another/, /undermesh-agent run/],
    ],
  },
  {
    how: async () => ({
      prefix: ['setarch', '--uname-2.6'],
      mounts: `mount -t tmpfs -o size=8m none ${join(scratch, 'mesh')}`,
      set: {
        cgroup: '/nowhere',
        'spool.directory': join(scratch, 'mesh'),
        'mesh.manifests': wrongManifests(),
        'listen.port': String(closed),
        'collector.credentialFile': writeAs(0o644, 'open.credential', 'a credential'),
        'collector.url': await stand((_request, response) => response.writeHead(503).end()),
      },
    }),
    finds: [
      ['kernel', /kernel is 2\.6/, /5\.15/],
      ['cgroup', /does not exist/, /agent\.cgroup/],
      ['spool', /[78] MiB left of the 256 MiB/, /spool\.bytes/],
      ['manifests', /cart\.yaml:4:\d+: Service shop\/cart/, /./],
      ['agent.ready', /does not answer/, /agent\.listen/],
      ['credential', /mode 0644/, /chmod 600/],
      ['collector', /not ready, or no collector \(503\)/, /log/],
    ],
  },
  {
    how: async () => ({
      prefix: ['setpriv', '--bounding-set=-bpf,-sys_admin,-perfmon', '--'],
      mounts: 'mount --bind /sys/fs/bpf /sys/fs/bpf; mount -o remount,bind,ro /sys/fs/bpf',
      set: {
        'mesh.enrol': '/elsewhere',
        'collector.url': await stand((_request, response) => {
          const ahead = new Date(Date.now() + 3_600_000).toUTCString();
          response.writeHead(200, { date: ahead }).end('{}');
        }),
      },
    }),
    finds: [
      ['capabilities', /lacks CAP_PERFMON, CAP_BPF/, /CAP_BPF/],
      ['bpffs', /cannot be written/, /remount,rw/],
      ['enrolment', /not below/, /at or below agent\.cgroup/],
      ['clock', /3,?\d+ s ahead/, /NTP/],
    ],
  },
  {
    how: () => ({
      mounts: `
        for so in $(ldconfig -p | sed -n 's/.*libbpf[.]so.* => //p'); do mount --bind /dev/null "$so"; done
        umount -l ${cgroup2Mount()}
        umount -l /sys/fs/bpf`,
      set: {
        'collector.credentialFile': writeAs(0o600, 'wrong.credential', 'um_left_0123456789abcdef'),
        pinDirectory: '/sys/fs/bpf/undermesh',
      },
    }),
    finds: [
      ['libbpf', /not installed/, /libbpf1/],
      ['cgroup', /No cgroup v2/, /mount -t cgroup2/],
      ['bpffs', /no bpffs/, /mount -t bpf/],
      ['uplink', /refuses the credential \(credential_wrong\)/, /undermesh-collector credential/],
    ],
  },
];

describe('undermesh-agent doctor', () => {
  it('finds nothing wrong where all is well, and changes nothing', async () => {
    const before = road.log(`agent-${NODE}`);
    const { code, findings } = await examine();
    expect(findings.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
    expect(code).toBe(0);
    expect(findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['kernel', 'btf', 'cgroup', 'pins', 'agent.ready', 'uplink', 'clock']),
    );
    expect(road.log(`agent-${NODE}`)).toBe(before); // it is still connected
  });

  describe.each(BROKEN)('where something is broken', ({ how, finds }) => {
    let result;
    beforeAll(async () => {
      result = await examine(await how());
    }, 300_000);

    it.each(finds)('finds it by its check of %s: %s', (check, what, mend) => {
      const { findings } = result;
      const finding = findings.find((one) => one.check === check && one.verdict !== 'ok');
      expect(finding, JSON.stringify(findings)).toBeDefined();
      expect(finding.found).toMatch(what);
      expect(finding.mend).toMatch(mend);
    });

    it('ends with 1', () => expect(result.code).toBe(1));
  });

  it('finds a program that lets no other one beside it', async () => {
    const cgroup = road.testbed.cgroup('alone');
    const pin = join(road.testbed.pins, 'alone');
    const object = join(root, 'bpf/dist/http.bpf.o');
    const bpftool = findCommand('bpftool');
    mkdirSync(pin, { recursive: true });
    execFileSync(bpftool, ['prog', 'loadall', object, pin], { stdio: 'pipe' });
    const program = execFileSync('ls', [pin], { encoding: 'utf8' }).split('\n')[0];
    const attach = ['cgroup', 'attach', cgroup, 'egress', 'pinned', join(pin, program)];
    execFileSync(bpftool, attach, { stdio: 'pipe' });
    const { findings } = await examine({ set: { cgroup: `${config.cgroup}/../alone` } });
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: 'programs',
        verdict: 'wrong',
        found: expect.stringContaining(cgroup),
      }),
    );
  });

  it('finds pins that others may write to', async () => {
    const pins = join(road.testbed.pins, NODE);
    chmodSync(pins, 0o777);
    const { findings } = await examine().finally(() => chmodSync(pins, 0o700));
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: 'pins',
        verdict: 'wrong',
        found: expect.stringContaining('mode 777'),
      }),
    );
  });
});

describe('undermesh doctor', () => {
  it('says what the agent of this node found, and whether it gets answers itself', async () => {
    const command = [commandLine, 'doctor', '--config', file, '--collector', road.url];
    const script = `#!/bin/sh\nexec ${process.execPath} ${agentProgram} "$@"\n`;
    const agent = writeAs(0o755, 'undermesh-agent', script);
    const { code, stdout, stderr } = await road.testbed.run(
      process.execPath,
      [...command, '--agent', agent],
      {
        env: environment,
      },
    );
    expect(stderr).toBe('');
    expect(stdout).toContain('✓ command-line  the collector answers');
    expect(code).toBe(0);
  });

  it('says where to get an agent when there is none', async () => {
    const command = [commandLine, 'doctor', '--agent', '/nowhere/agent'];
    const { code, stderr } = await road.testbed.run(process.execPath, command, { env: environment });
    expect(stderr).toContain('doctor_missing');
    expect(code).toBe(1);
  });
});
