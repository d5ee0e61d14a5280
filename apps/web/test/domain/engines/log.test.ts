// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { enginesCsv, enginesJson } from '@/domain/engines/export';
import { isEngineSwitch, logRow } from '@/domain/engines/log';
import { enginesViewOf, nodeToShow, shownNodes } from '@/domain/engines/view';
import { changeFlag } from '@/domain/latency/words';
import { engineItem, engineSet } from '../../fixtures';

describe('the change log in rows', () => {
  it('says who did what and why', () => {
    const row = logRow(engineSet(118, 'shop-2'));
    expect(row).toMatchObject({
      who: 'm.chen',
      verb: 'set',
      subject: 'shop-2',
      engines: { before: 'off', after: 'dual-engine' },
      reason: 'take load off the waypoint',
    });
    expect(changeFlag(row.change)).toBe('shop-2 off → dual-engine');
  });

  it('names the collector for what it saw itself, and nobody for what happened', () => {
    const { order: _, ...seen } = engineSet(119, 'shop-3', {
      kind: 'engine_drifted',
      before: null,
      after: null,
      detail: 'connect4 was detached from /shop',
    });
    expect(logRow(seen)).toMatchObject({
      who: 'collector',
      verb: 'saw drift',
      engines: null,
      detail: 'connect4 was detached from /shop',
    });
    const joined = { ...seen, kind: 'node_joined', after: '0.1.0', detail: undefined } as never;
    expect(logRow(joined)).toMatchObject({ who: null, verb: 'joined', detail: '0.1.0' });
  });

  it('marks only those orders that ask for another engine', () => {
    expect(isEngineSwitch(engineSet(1, 'shop-1'))).toBe(true);
    expect(isEngineSwitch(engineSet(1, 'shop-1', { before: 'dual-engine' }))).toBe(false);
    expect(isEngineSwitch(engineSet(1, 'shop-1', { kind: 'engine_refused' }))).toBe(false);
  });
});

describe('the matrix', () => {
  const items = [
    engineItem('shop-10', { desired: 'dual-engine', state: 'switching', since: '2026-11-22T13:00:00.000Z' }),
    engineItem('shop-2', { since: '2026-11-22T13:30:00.000Z' }),
    engineItem('front-1', { state: 'drift' }),
  ];
  const view = (text: string) => enginesViewOf(new URLSearchParams(text));
  const names = (text: string) => shownNodes(items, view(text)).map(({ node }) => node);

  it('is filtered by name, state and engine, desired or observed', () => {
    expect(names('')).toEqual(['front-1', 'shop-2', 'shop-10']);
    expect(names('find=SHOP')).toEqual(['shop-2', 'shop-10']);
    expect(names('state=drift')).toEqual(['front-1']);
    expect(names('engine=dual-engine')).toEqual(['shop-10']);
    expect(names('engine=off')).toEqual(['front-1', 'shop-2', 'shop-10']);
    expect(names('engine=nothing&state=else')).toHaveLength(3);
  });

  it('shows the node that is chosen, else the one that was switched last', () => {
    const shown = shownNodes(items, view(''));
    expect(nodeToShow(shown, items, view('node=front-1'))?.node).toBe('front-1');
    expect(nodeToShow(shown, items, view('node=gone'))?.node).toBe('shop-2');
    expect(nodeToShow([], [], view(''))).toBeNull();
  });

  it('is exported as a table whose cells no spreadsheet runs, and as it came', () => {
    const item = engineItem('shop-1', { reason: '=cmd("x"), "y"', draining: [], connections: 3 });
    const [head, line] = enginesCsv([item]).split('\r\n');
    expect(head).toMatch(/^node,desired,observed,state/);
    expect(line).toContain(`shop-1,off,off,in-force,,0,3,0,config,,,"'=cmd(""x""), ""y"""`);
    expect(JSON.parse(enginesJson([item]))).toEqual([item]);
  });
});
