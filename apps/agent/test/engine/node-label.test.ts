// SPDX-License-Identifier: Apache-2.0
import type { Mesh, MeshNode } from '@undermesh/mesh';
import { expect, it } from 'vitest';
import { nodeLabelOf } from '../../src/engine/node-label.js';

it('the label of a node is not known before its mesh is, and else what its Node says', () => {
  const node = (name: string, engine: MeshNode['engine']): MeshNode => ({
    name,
    addresses: { v4: [], v6: [] },
    podPrefixes: [],
    zone: null,
    region: null,
    engine,
  });
  const nodes = new Map([node('a', 'dual-engine'), node('b', null)].map((one) => [one.name, one]));
  const mesh: Mesh = { services: new Map(), waypoints: new Map(), nodes };
  expect(nodeLabelOf({ mesh: null, problems: [] }, 'a')).toEqual({ known: false, engine: null });
  expect(nodeLabelOf({ mesh, problems: [] }, 'a')).toEqual({ known: true, engine: 'dual-engine' });
  expect(nodeLabelOf({ mesh, problems: [] }, 'b')).toEqual({ known: true, engine: null });
  expect(nodeLabelOf({ mesh, problems: [] }, 'c')).toEqual({ known: true, engine: null });
});
