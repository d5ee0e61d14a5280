// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { parsePlainYaml } from '../../src/manifests/plain-yaml.js';
import { FIXTURES } from '../shop.js';

/** What the parser of the whole language makes of it; `undefined` for a mistake. */
function reference(text: string): unknown {
  const document = parseDocument(text);
  return document.errors.length === 0 ? document.toJS() : undefined;
}

const fixtures = ['shop', 'wrong'].flatMap((directory) =>
  readdirSync(join(FIXTURES, directory)).flatMap((name) =>
    readFileSync(join(FIXTURES, directory, name), 'utf8').split(/^(?=---$)/m),
  ),
);

const LINES = [
  'a: 1',
  'b:',
  'b: c d',
  'c: "q"',
  "d: 'q'",
  '- x',
  '- a: 1',
  '-',
  '- - x',
  'e: 10.0.0.1',
  'f: 007',
  'g: 1.5',
  'h: true',
  'i: True',
  'j: yes',
  'k: ~',
  'l: null',
  'm: {}',
  'n: []',
  'o: [1]',
  'p: x:y',
  'q: x: y',
  'r: x #y',
  's: |',
  't: &a b',
  'u: *a',
  '# a',
  '',
  '<<: *a',
  'true: 1',
  '"a": 1',
  'v: x:',
  'w: -1',
  'x: "a\\n"',
  'word',
  '? a',
  'a : 1',
  'z: !!str 1',
  'y: fd00::1',
  'aa:  spaced',
  'bb: 1e3',
  'cc: 0x1f',
  'dd: .5',
  'ee: a, b',
  'ff: ,a',
  'gg: a]b',
  'hh: "a" b',
  '--- ',
  '...',
  'null: 1',
  'ii: =',
  "jj: it's",
  'kk: 12345678901234567890',
  'constructor: 1',
  'll: a  b',
  'mm: Null',
];

describe('plain YAML', () => {
  it('reads the fixtures as the whole parser does, most of them by itself', () => {
    let own = 0;
    for (const text of fixtures) {
      const plain = parsePlainYaml(text);
      if (plain === null) continue;
      own++;
      expect(plain.value, text).toEqual(reference(text));
    }
    expect(own / fixtures.length).toBeGreaterThan(0.5);
  });

  it('reads whatever lines in whatever indentation as the whole parser does, or not at all', () => {
    let state = 1;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return Math.floor((state / 0x80000000) * below);
    };
    let own = 0;
    for (let turn = 0; turn < 20_000; turn++) {
      const lines = Array.from(
        { length: 1 + random(6) },
        () => `${' '.repeat(random(3) * random(3))}${LINES[random(LINES.length)]}`,
      );
      const text = lines.join('\n');
      const plain = parsePlainYaml(text);
      if (plain === null) continue;
      own++;
      expect(plain.value, text).toEqual(reference(text));
    }
    expect(own).toBeGreaterThan(500);
  });
});
