// SPDX-License-Identifier: Apache-2.0
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findObjects } from '../../src/kernel/index.js';

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('eBPF objects', () => {
  let directory: string;
  const find = () => findObjects(join(directory, 'observe.bpf.o'));
  const change = (name: string, edit: (content: Buffer) => Buffer | string) => {
    const path = join(directory, name);
    writeFileSync(path, edit(readFileSync(path)));
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'undermesh-objects-'));
    cpSync(dirname(findObjects('').observe), directory, { recursive: true });
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('are those of one directory', () => {
    const { observe, http, engine, extras } = find();
    const found = [observe, http, engine, extras.waypoint, extras.preface];
    expect(found.map(dirname)).toEqual(Array(5).fill(directory));
  });

  it.each(['observe.bpf.o', 'http.bpf.o', 'dual_engine.bpf.o', 'waypoint.bpf.o', 'preface.bpf.o'])(
    'are refused when a bit of %s is another',
    (name) => {
      change(name, (object) => {
        object.writeUInt8(object.readUInt8(object.length >> 1) ^ 1, object.length >> 1);
        return object;
      });
      expect(find).toThrow(code('object_damaged'));
      expect(find).toThrow(join(directory, name));
    },
  );

  it.each(['preface.bpf.o', 'manifest.json'])('are refused without %s', (name) => {
    rmSync(join(directory, name));
    expect(find).toThrow(code('object_missing'));
    expect(find).toThrow(`${join(directory, name)} does not exist. Install the agent anew`);
  });

  it('are refused when they are of another layout', () => {
    change('manifest.json', (text) => text.toString().replace(/"abiVersion": \d+/, '"abiVersion": 1'));
    expect(find).toThrow(code('object_mismatch'));
  });

  it.each(['', '{}', '{"abiVersion": 2, "objects": {'])('are refused with the manifest %j', (text) => {
    change('manifest.json', () => text);
    expect(find).toThrow(code('object_damaged'));
  });
});
