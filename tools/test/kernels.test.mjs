// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archive } from '../kernels/cpio.mjs';
import { loadOrder } from '../kernels/modules.mjs';
import { abilities, countsOf, renderKernels, troubles, uses } from '../kernels/report.mjs';

describe('the first files of a guest', () => {
  it('are a cpio archive in the format that the kernel unpacks', () => {
    const bytes = archive({ 'bin/sh': 'abcde' });
    const names = [];
    for (let at = 0; at < bytes.length; ) {
      const field = (index) =>
        Number.parseInt(bytes.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
      expect(bytes.toString('latin1', at, at + 6)).toBe('070701');
      const content = at + Math.ceil((110 + field(11)) / 4) * 4;
      names.push(bytes.toString('latin1', at + 110, at + 109 + field(11)));
      if (names.at(-1) === 'bin/sh')
        expect(bytes.toString('latin1', content, content + field(6))).toBe('abcde');
      at = content + Math.ceil(field(6) / 4) * 4;
    }
    expect(names).toEqual(['bin', 'bin/sh', 'TRAILER!!!']);
  });
});

describe('modules of a kernel', () => {
  let directory;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'undermesh-modules-'));
    mkdirSync(join(directory, 'kernel'));
    writeFileSync(join(directory, 'modules.builtin'), 'kernel/core.ko\n');
    const module = (name, depends) =>
      writeFileSync(
        join(directory, `kernel/${name}.ko`),
        `ELF\0name=${name}\0depends=${depends}\0vermagic=1\0`,
      );
    module('virtio-fs', 'fuse,core');
    module('fuse', '');
    module('unused', '');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('come after what they depend on, without what is built in', () => {
    expect(loadOrder(directory, ['virtio_fs', 'core']).map(({ name }) => name)).toEqual([
      'fuse',
      'virtio_fs',
    ]);
  });

  it('are asked for by name: an unknown one is an error', () => {
    expect(() => loadOrder(directory, ['absent'])).toThrow('has no module absent');
  });
});

describe('the report', () => {
  const program = { object: 'a.bpf.o', section: 'sockops', attached: true, instructions: 5419 };
  const good = {
    version: '6.12',
    release: '6.12.1',
    steps: ['objects', 'tests'],
    seconds: 60,
    outcomes: {
      objects: { seconds: 1, result: [{ ...program, program: 'one' }] },
      tests: { seconds: 1, result: { passed: 3, failures: [], skipped: [] } },
    },
  };
  const refusal = 'R4 unbounded\nBPF program is too large';
  const refused = { ...program, program: 'one', attached: false, instructions: undefined, refusal };
  const bad = {
    ...good,
    release: '6.1.9',
    breakdown: 'the guest was not done after 60 s\nconsole',
    outcomes: { objects: { seconds: 1, result: [refused] } },
  };

  it('says nothing of what held', () => expect(troubles(good)).toEqual([]));

  it('names what a kernel refused and what was never done', () => {
    expect(troubles(bad)).toEqual([
      '6.1.9: a.bpf.o, one: BPF program is too large',
      '6.1.9: tests: not done, the guest was not done after 60 s',
    ]);
  });

  it('tells what each kernel can do, and why not', () => {
    const objects = (...programs) => ({ ...good, outcomes: { objects: { result: programs } } });
    const observe = { ...program, object: 'observe.bpf.o' };
    const http = { ...program, object: 'http.bpf.o' };
    expect(
      abilities(
        objects(
          { ...observe, program: 'one' },
          { ...observe, program: 'two', instructions: 1 },
          { ...http, program: 'three' },
          { ...http, program: 'four', attached: false, refusal },
        ),
      ),
    ).toEqual([
      '6.12.1: records connections: yes (observe.bpf.o: 2 programs, the largest 5,419 instructions)',
      '6.12.1: reads HTTP for latency: NO (http.bpf.o: four: BPF program is too large)',
    ]);
    const sources = readdirSync(new URL('../../bpf', import.meta.url)).filter((name) =>
      name.endsWith('.bpf.c'),
    );
    expect(Object.keys(uses).sort()).toEqual(sources.map((name) => name.replace(/c$/, 'o')).sort());
  });

  it('counts objects and what else there is of each kernel; a kernel that no package has is a skip', () => {
    const unknown = { ...good, version: '6.2', outcomes: {}, unknown: true, breakdown: 'apt knows none' };
    expect(troubles(unknown)).toEqual(['6.2: not tried, apt knows none']);
    expect(countsOf([good, { ...bad, version: '6.1' }, unknown])).toEqual({
      passed: 2,
      failed: 2,
      skipped: [{ name: 'kernels > 6.2', reason: 'apt knows none' }],
      failures: [
        { name: 'kernels > 6.1 > a.bpf.o', message: 'one: BPF program is too large' },
        { name: 'kernels > 6.1', message: 'tests: not done, the guest was not done after 60 s' },
      ],
    });
  });

  it('puts kernels side by side, with the verifier’s own words', () => {
    const text = renderKernels({ date: 'today' }, [bad, good]);
    expect(text).toContain('| a.bpf.o | one | sockops | **refused** | 5,419 |');
    expect(text).toContain(refusal);
    expect(text).toContain('| 6.1.9 | **0 of 1** | **not done** | **not done** | 60 |');
    expect(text).toContain('| 6.12.1 | all 1 | all 3 | **not done** | 60 |');
  });
});
