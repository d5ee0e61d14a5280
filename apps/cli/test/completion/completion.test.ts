// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { complete } from '../../src/completion/candidates.js';
import { SCRIPTS } from '../../src/completion/scripts.js';
import { createProgram } from '../../src/program.js';
import { testTerminal } from '../terminal.js';

/** Nothing listens there: what does not need a collector must do without. */
const host = { terminal: testTerminal(), environment: { UNDERMESH_COLLECTOR: 'http://127.0.0.1:9' } };

async function offered(...words: string[]): Promise<readonly string[] | 'files'> {
  const completion = await complete(createProgram(host), words, host);
  return completion === 'files' ? completion : completion.map(({ value }) => value);
}

describe('completion', () => {
  it.each([
    [['st'], ['status']],
    [['edges', '--lev'], ['--level']],
    [['edges', '--coll'], ['--collector']],
    [
      ['edges', '--level', 'n'],
      ['namespace', 'node'],
    ],
    [
      ['edges', '--level=n'],
      ['--level=namespace', '--level=node'],
    ],
    [
      ['edges', '--level', '=', 'n'],
      ['namespace', 'node'],
    ],
    [
      ['edges', '--level', '='],
      ['namespace', 'service', 'workload', 'node'],
    ],
    [
      ['-o', 'json', 'edges', '--order', ''],
      ['worst', 'busiest'],
    ],
    [['edges', '--system', '--order', 'b'], ['busiest']],
    [['status', '-o', 'j'], ['json']],
    [['connections', '--reason', 'timed_out,ki'], ['timed_out,killed']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['completion', 'bash', ''], []],
    [['engine', ''], ['set']],
    [['engine', 'set', '--sel'], ['--selector']],
    [['engine', 'set', '--tok'], ['--token-file']],
    [['engine', 'set', '--reason', ''], []],
    [['explain', 'we'], []],
    [['support-bundle', '--an'], ['--anonymise']],
    [
      ['nonsense', ''],
      [
        'status',
        'top',
        'edges',
        'connections',
        'explain',
        'engine',
        'routes',
        'agents',
        'doctor',
        'support-bundle',
        'completion',
        'help',
      ],
    ],
  ])('after %j offers %j', async (words, expected) => {
    expect(await offered(...words)).toEqual(expected);
  });

  it('leaves files to the shell', async () => {
    expect(await offered('edges', '--token-file', '/et')).toBe('files');
  });

  it('never offers what only scripts call', async () => {
    expect(await offered('__')).toEqual([]);
  });

  it('comes with a script that bash can read', () => {
    expect(execFileSync('bash', ['-n'], { input: SCRIPTS.bash, encoding: 'utf8' })).toBe('');
  });

  it('quotes what it puts on the command line of bash', () => {
    const script = `undermesh() { printf '%s\\n' '$(touch x)' 'a;b'; }\n${SCRIPTS.bash}
      COMP_WORDS=(undermesh explain ''); COMP_CWORD=2; _undermesh; printf '%s|' "\${COMPREPLY[@]}"`;
    expect(execFileSync('bash', ['-c', script], { encoding: 'utf8' })).toBe('\\$\\(touch\\ x\\)|a\\;b|');
  });
});
