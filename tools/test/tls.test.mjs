// SPDX-License-Identifier: Apache-2.0
// TLS from end to end: a collector as a process with an authority of its own, the command line of an operator, an agent that
// joins by its own program, and the agent's road to the collector under load while the certificates of both sides change.
import { execFile, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { ABI_VERSION, RecordEvent } from '@undermesh/bpf-abi';
import { FakeConnection, fakeReport } from '@undermesh/collector/test-support';
import { createLogger, setLogLevel } from '@undermesh/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { collectorFindings } from '../../apps/agent/dist/doctor/collector.js';
import { Backlog } from '../../apps/agent/dist/records/backlog.js';
import { FrameBuilder } from '../../apps/agent/dist/records/frame-builder.js';
import { join } from '../../apps/agent/dist/tls/join.js';
import { Membership } from '../../apps/agent/dist/tls/membership.js';
import { Uplink } from '../../apps/agent/dist/uplink/uplink.js';
import { Issuer, makeAuthority } from '../../apps/collector/dist/tls/certificates.js';
import { environment, root } from '../paths.mjs';

const program = (name) => path(root, `apps/${name}/bin/undermesh${name === 'cli' ? '' : `-${name}`}.mjs`);
/** Life of the collector's certificate, seconds: it is renewed at two thirds of it. */
const LIFE = 3;
/** The agent's is renewed so often, and so many times at least. */
const TURN_MS = 700;
const TURNS = 5;
const MEMORY = 32 * 2 ** 20;
/** Beside other work. */
const MOST_MS = 60_000;
vi.setConfig({ testTimeout: MOST_MS, hookTimeout: MOST_MS });

let state;
let collector;
let url;
let token;
let authority;

const run = (name, parameters, { env = {}, input } = {}) => {
  const done = promisify(execFile)(process.execPath, [program(name), ...parameters], {
    env: { ...environment, ...env },
  });
  done.child.stdin.end(input);
  return done;
};
const operate = (...parameters) =>
  run('cli', [...parameters, '--collector', url], {
    env: { UNDERMESH_TOKEN: token, UNDERMESH_CA: authority },
  });
const status = async () => JSON.parse((await operate('status', '-o', 'json')).stdout);

beforeAll(async () => {
  setLogLevel('silent');
  state = mkdtempSync(path(tmpdir(), 'undermesh-tls-'));
  const tls = { mode: 'own', certificateSeconds: LIFE };
  const config = path(state, 'undermesh.yaml');
  const data = path(state, 'collector');
  writeFileSync(config, JSON.stringify({ collector: { data, listen: { port: 0 }, tls } }));
  const child = spawn(process.execPath, [program('collector'), '--config', config, '--supervised'], {
    env: environment,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  collector = child;
  createInterface({ input: child.stdout }).on('line', (line) => {
    token = /^UNDERMESH_TOKEN=(\S+)$/.exec(line)?.[1] ?? token;
  });
  url = await new Promise((resolve, reject) => {
    const lines = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      if (line.includes('"collector listens"')) resolve(JSON.parse(line).url);
    });
    child.once('exit', () => reject(new Error(lines.join('\n'))));
  });
  const { stdout } = await run('collector', ['authority', '--config', config]);
  authority = /^# (sha256:\S+)$/m.exec(stdout)[1];
});

afterAll(async () => {
  const ended = once(collector, 'exit');
  collector.kill('SIGTERM');
  await ended;
  rmSync(state, { recursive: true, force: true });
});

const configOf = (node) => ({
  node,
  instance: node,
  collector: { url: `${url.replace('https', 'wss')}/ingest/v1`, credentialFile: '' },
  tls: { directory: path(state, 'agents'), caFile: '', serverName: '' },
  join: { tokenFile: '', serviceAccountToken: '' },
});
const joinBy = (node, input) => {
  const directory = `tls.directory=${configOf(node).tls.directory}`;
  const own = ['--node', node, '--collector', url, '--set', directory];
  return run('agent', ['join', ...own], { input });
};
const splitPem = (text) => {
  const at = text.indexOf('-----BEGIN CERTIFICATE');
  return { key: text.slice(0, at), certificate: text.slice(at) };
};
const refusal = (done) =>
  done.then(
    () => 'joined',
    ({ stderr }) => stderr,
  );

describe('an agent joins', () => {
  it('by the token that an operator had made, once; key and certificate are its own', async () => {
    const { stdout, stderr } = await operate('agents', 'add', 'left');
    expect(stdout).toMatch(/^umj_[\w-]{43}\.[\w-]{43}\n$/);
    expect(stderr).toContain(`undermesh-agent join --node left --collector ${url}/\n`);
    expect((await joinBy('left', stdout)).stdout).toContain('left has joined.');
    const file = path(state, 'agents/left/agent.pem');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await refusal(joinBy('left', stdout))).toContain('join_token_used');
    expect((await operate('agents')).stdout).toMatch(/^left +joined +no +token/m);
    // Neither log nor change log holds what could be used.
    const log = readFileSync(path(state, 'collector/change-log.jsonl'), 'utf8');
    expect(log).toContain('"agent_joined"');
    expect(log).not.toContain(stdout.trim().slice(-43));
  });

  it('not by a token of another node, an unknown one, or none; not at a collector that did not make it', async () => {
    const { stdout } = await operate('agents', 'add', 'right');
    const token = stdout.trim();
    const refusal = (node, token) => join(configOf(node), { token }).then(String, ({ code }) => code);
    expect(await refusal('wrong', token)).toBe('node_not_yours');
    expect(await refusal('right', token.replace(/.{8}$/, 'AAAAAAAA'))).toBe('join_token_wrong');
    expect(await refusal('right', 'something')).toBe('join_failed');
    expect(await refusal('right', token.replace(/^umj_.{8}/, 'umj_AAAAAAAA'))).toBe('collector_untrusted');
    expect((await join(configOf('right'), { token })).expiresAt).toBeGreaterThan(Date.now());
  });
});

it('an operator is told when the authority is not the one that was named', async () => {
  const env = { UNDERMESH_CA: `sha256:${'A'.repeat(43)}` };
  expect(await refusal(run('cli', ['agents', '--collector', url], { env }))).toContain('collector_untrusted');
});

describe('the doctor says of the way to the collector', () => {
  const ofNode = async (node) => {
    const findings = await collectorFindings(configOf(node));
    const bad = findings.filter(({ verdict }) => verdict !== 'ok');
    return bad.map(({ check, found, mend }) => [check, found, mend].join(': '));
  };
  const directory = (node) => path(state, 'agents', node);
  const joined = async (node) => {
    await join(configOf(node), { token: (await operate('agents', 'add', node)).stdout.trim() });
  };

  it('that all is well', async () => {
    await joined('well');
    expect(await ofNode('well')).toEqual([]);
  });

  it('that the agent has not joined', async () => {
    expect(await ofNode('new')).toEqual([expect.stringMatching(/^certificate: .*undermesh agents add NODE/)]);
  });

  it('that the certificate has ended', async () => {
    await joined('old');
    const { key, certificate } = splitPem(readFileSync(path(state, 'collector/tls/authority.pem'), 'utf8'));
    const issuer = await Issuer.open({ key, certificate });
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spki = publicKey.export({ type: 'spki', format: 'der' });
    const subject = { node: 'old', joinId: '00'.repeat(8), publicKey: spki };
    const ended = await issuer.agent(subject, { now: Date.now() - 3_600_000, milliseconds: 60_000 });
    const own = `${privateKey.export({ type: 'pkcs8', format: 'pem' })}${ended}`;
    writeFileSync(path(directory('old'), 'agent.pem'), own);
    expect(await ofNode('old')).toEqual([expect.stringMatching(/^uplink: .*certificate_expired.*join anew/)]);
  });

  it('that the collector is another than the one that was joined', async () => {
    await joined('lost');
    const { certificate } = await makeAuthority('other', Date.now());
    writeFileSync(path(directory('lost'), 'authority.crt'), certificate);
    expect(await ofNode('lost')).toEqual([
      expect.stringMatching(/^collector: .*not to be trusted.*collector\.url/),
    ]);
  });

  it('that the agent was removed', async () => {
    await joined('gone');
    await operate('agents', 'remove', 'gone');
    expect(await ofNode('gone')).toEqual([expect.stringMatching(/^uplink: .*removed.*agent_removed/)]);
  });
});

/** Fingerprint of the certificate that the collector shows by now. */
async function shown() {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

describe('rotation under load', () => {
  it('certificates of both sides change while records are sent as fast as they are taken: none is lost, none twice', async () => {
    const node = 'busy';
    const invitation = await operate('agents', 'add', node);
    const config = configOf(node);
    await join(config, { token: invitation.stdout.trim() });
    const membership = new Membership(config);
    const streamId = new Uint8Array(randomBytes(16));
    const builder = new FrameBuilder(streamId);
    const backlog = new Backlog(MEMORY);
    const clock = () => ({
      boottime: process.hrtime.bigint(),
      realtime: BigInt(Date.now()) * 1_000_000n,
    });
    const refusals = [];
    const uplink = new Uplink({
      url: config.collector.url,
      access: () => membership.access(),
      onRefused: (code) => refusals.push(code),
      hello: () => ({
        node,
        cluster: 'default',
        agentVersion: '0.0.0',
        instance: 'one',
        bootId: 'boot',
        abiVersion: ABI_VERSION,
      }),
      streamId,
      backlog,
      dictionary: { whole: () => [], changes: () => [] },
      clock,
      onNewCollector: () => {},
      onCommand: () => {},
      maxBackoffMs: 100,
      log: createLogger('uplink'),
    });
    const peers = {
      client: { address: '10.1.0.1', port: 40_000, workload: 0 },
      server: { address: '10.1.0.2', port: 80, workload: 0 },
    };
    const record = () => new FakeConnection(peers).record('source', RecordEvent.CLOSED);
    let made = 0;
    const push = () => {
      const bytes = record();
      while (!builder.full) {
        builder.target.set(bytes, builder.records * builder.recordBytes);
        builder.records++;
        builder.ends++;
        made++;
      }
      backlog.push(builder.seal(backlog.nextSequence, clock()));
    };
    const reportEach = setInterval(() => uplink.report(fakeReport({ made, waiting: backlog.ends })), 100);
    const theirs = new Set();
    const turn = async () => {
      await membership.renew();
      theirs.add(await shown());
    };
    try {
      membership.start(() => uplink.renew());
      uplink.start();
      const began = Date.now();
      let turning = Promise.resolve();
      let turnedMs = began;
      while (uplink.welcomes <= TURNS || theirs.size < TURNS - 1) {
        expect(Date.now() - began).toBeLessThan(MOST_MS / 2);
        if (backlog.bytes < MEMORY / 4) push();
        uplink.pump();
        if (Date.now() - turnedMs > TURN_MS) {
          turnedMs = Date.now();
          turning = turning.then(turn);
        }
        await pause(1);
      }
      await turning;
      expect(await uplink.flush(20_000)).toBe(true);
      uplink.report(fakeReport({ made }));
      const books = { made, received: made, stored: made, lost: {} };
      await expect.poll(async () => (await status()).records, { timeout: 60_000 }).toMatchObject(books);
      // It never went without a connection, and nothing was refused.
      expect([uplink.reconnects, refusals]).toEqual([0, []]);
    } finally {
      clearInterval(reportEach);
      membership.stop();
      await uplink.stop();
    }
  });
});
