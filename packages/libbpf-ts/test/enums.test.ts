// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { attachTypes, linkTypes, mapTypes, programTypes } from '../src/index.js';
import { libbpf } from '../src/library.js';

const lib = libbpf();

test.each([
  ['map types', mapTypes, lib.libbpf_bpf_map_type_str],
  ['program types', programTypes, lib.libbpf_bpf_prog_type_str],
  ['attach types', attachTypes, lib.libbpf_bpf_attach_type_str],
  ['link types', linkTypes, lib.libbpf_bpf_link_type_str],
] as const)("%s are numbered and spelled as libbpf's", (_name, ours, theirs) => {
  const known = ours.map((_, number) => theirs(number)).filter((name) => name !== null);
  expect(known.length).toBeGreaterThan(5);
  expect(ours.slice(0, known.length)).toEqual(known);
});
