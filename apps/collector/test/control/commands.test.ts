// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Credentials } from '../../src/control/credentials.js';
import { OperatorToken } from '../../src/control/operator-token.js';

const program = join(import.meta.dirname, '../../bin/undermesh-collector.mjs');
let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'undermesh-control-'));
});
const run = (...args: string[]): string =>
  execFileSync(process.execPath, [program, ...args, '--data', data], { encoding: 'utf8' });

describe('undermesh-collector credential', () => {
  it('writes a credential that only its owner can read, and keeps a hash', () => {
    const file = join(data, 'a.credential');
    expect(run('credential', '--node', 'node-a', '--out', file)).toBe('');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const credential = readFileSync(file, 'utf8').trim();
    const credentials = new Credentials(data);
    expect(credentials.verify(credential)).toBe('node-a');
    expect(credentials.nodes()).toEqual(['node-a']);
    expect(
      credentials.verify(`${credential.slice(0, -1)}${credential.endsWith('A') ? 'B' : 'A'}`),
    ).toBeNull();
  });

  it('replaces the former one', () => {
    const [first, second] = [
      run('credential', '--node', 'n').trim(),
      run('credential', '--node', 'n').trim(),
    ];
    const credentials = new Credentials(data);
    expect([credentials.verify(first), credentials.verify(second)]).toEqual([null, 'n']);
  });

  it.each(['', '../../etc', 'a b', 'x'.repeat(300)])(
    'does not make one for %j unless the name is one',
    (node) => {
      if (node === '../../etc') {
        new Credentials(data).create(node);
        expect(new Credentials(data).nodes()).toEqual([node]);
        return;
      }
      expect(() => new Credentials(data).create(node)).toThrow(/cannot be a node name/);
    },
  );
});

describe('undermesh-collector token reset', () => {
  it('gives it the name of whoever holds it, for the change log', () => {
    run('token', 'reset');
    const operator = new OperatorToken(data);
    expect(operator.name).toBe('operator');
    const [, token = ''] = run('token', 'reset', '--name', 'm.chen').trim().split('=');
    expect([operator.name, operator.verify(token)]).toEqual(['m.chen', true]);
    expect(() => operator.reset('m chen')).toThrow(/cannot be a name/);
  });

  it('knows tokens from before they had names', () => {
    const token = new OperatorToken(data).reset('m.chen');
    const file = join(data, 'operator-token');
    writeFileSync(file, `${readFileSync(file, 'utf8').split(' ')[0]}\n`);
    const operator = new OperatorToken(data);
    expect([operator.name, operator.verify(token)]).toEqual(['operator', true]);
  });

  it('prints a token once, in the form that tools look for', () => {
    const token = /^UNDERMESH_TOKEN=(\S+)\n$/.exec(run('token', 'reset'))?.[1] ?? '';
    const operator = new OperatorToken(data);
    expect(operator.verify(token)).toBe(true);
    expect(operator.ensure()).toBeNull();
    expect(readFileSync(join(data, 'operator-token'), 'utf8')).not.toContain(token);
    run('token', 'reset');
    expect(operator.verify(token)).toBe(false);
  });
});

describe('undermesh-collector', () => {
  it('says what is wrong with its configuration', () => {
    const file = join(data, 'undermesh.yaml');
    writeFileSync(file, 'collector:\n  listen: { port: http }\n');
    const { status, stderr } = spawnSync(process.execPath, [program, '--config', file], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain(`collector.listen.port in ${file} is "http": set it to a whole number`);
  });

  it('shows how it is used', () => {
    expect(run('--help')).toContain('Usage: undermesh-collector');
    expect(spawnSync(process.execPath, [program, 'dance']).status).toBe(2);
  });
});
