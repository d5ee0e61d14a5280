// SPDX-License-Identifier: Apache-2.0
import type { NativeNode, Routes } from '@undermesh/schema';
import { describe, expect, it } from 'vitest';
import { routesLines } from '../../src/commands/routes.js';
import { textOf } from '../terminal.js';

const backend = (name: string | null, change = {}) => ({
  backend: name,
  weight: 1,
  wantedShare: name === null ? null : 1,
  seenShare: null,
  requests: 0,
  perSecond: null,
  rejected: 0,
  limited: 0,
  ...change,
});
const node: NativeNode = {
  node: 'shop-1',
  state: 'reporting',
  engine: 'kernel-native',
  at: '2026-11-22T14:00:00.000Z',
  module: { loaded: true, version: '0.1.0', problem: null },
  routesTold: 1,
  routesTotal: 1,
  fallbacks: [
    { reason: 'stays_foreign', count: 1204, perSecond: 2 },
    { reason: 'grace', count: 0, perSecond: null },
  ],
  notExpressible: [{ service: 'shop/search', reason: 'its timeout needs a waypoint' }],
  notExpressibleTotal: 2,
};
const routes: Routes = {
  items: [
    {
      number: 7,
      service: 'shop/catalogue',
      route: 'shop/canary',
      rule: 0,
      match: 'GET /api/*',
      nodes: ['shop-1'],
      between: null,
      requests: 240,
      perSecond: 4,
      rejected: 0,
      limited: 0,
      backends: [
        backend('shop/catalogue:8080', {
          weight: 90,
          wantedShare: 0.9,
          seenShare: 0.88,
          perSecond: 3.5,
          requests: 210,
        }),
        backend('shop/catalogue-v2:8080', {
          weight: 10,
          wantedShare: 0.1,
          seenShare: 0.12,
          perSecond: 0.5,
          requests: 30,
          limited: 3,
        }),
      ],
    },
    {
      number: 4242,
      service: null,
      route: null,
      rule: null,
      match: null,
      nodes: [],
      between: null,
      requests: 5,
      perSecond: null,
      rejected: 0,
      limited: 0,
      backends: [],
    },
  ],
  next: null,
  total: 2,
  nodes: [node],
};
const shown = (of: Routes, width: number | null = null): string => textOf(routesLines(of, width));

describe('undermesh routes', () => {
  it('shows a line a backend, unknown numbers, and what nodes could not choose for', () => {
    const text = shown(routes);
    expect(text).toMatch(
      /^shop\/catalogue +GET \/api\/\* +shop\/canary, rule 1 +shop\/catalogue:8080 +88 % +90 % +3\.5 +210 +0 +0$/m,
    );
    expect(text).toMatch(/^ +shop\/catalogue-v2:8080 +12 % +10 % +0\.50 +30 +0 +3$/m);
    expect(text).toMatch(/^– +route 4242 +– +– +– +– +– +5/m);
    expect(text).toContain('shop-1 kernel-native: module 0.1.0 is loaded');
    expect(text).toContain('without a choice by route: stays_foreign 1,204');
    expect(text).not.toContain('grace');
    expect(text).toContain('▲ cannot choose for shop/search: its timeout needs a waypoint');
    expect(text).toContain('and 1 more service that it cannot choose for');
  });

  it('fits a narrow terminal', () => {
    for (const line of shown(routes, 80).split('\n').slice(0, 4)) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('says that there is nothing', () => {
    expect(shown({ items: [], next: null, total: 0, nodes: [] })).toContain(
      'No node tells of routes in its kernel.',
    );
    expect(shown({ ...routes, items: [], total: 0 })).toContain('No route matches.');
  });
});
