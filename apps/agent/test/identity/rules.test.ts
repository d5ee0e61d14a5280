// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { compileRules } from '../../src/identity/rules.js';

const match = (cgroup: string, path: string, literals = {}) => compileRules([{ cgroup, ...literals }])(path);

describe('identity rules', () => {
  it.each([
    [
      '/bookshop/:node/:namespace/:workload@:version',
      '/bookshop/n1/shop/reviews@v2',
      ['shop', 'reviews', 'v2'],
    ],
    ['/bookshop/:node/:namespace/:workload@:version', '/bookshop/n1/shop/reviews', undefined],
    ['/bookshop/:node/:namespace/:workload@:version', '/x/bookshop/n1/shop/reviews@v2', undefined],
    ['**/:namespace/:workload', '/shop/reviews', ['shop', 'reviews', undefined]],
    ['**/:namespace/:workload', '/a/b/shop/reviews', ['shop', 'reviews', undefined]],
    ['**/:namespace/:workload', '/reviews', undefined],
    ['/:workload/**', '/reviews', ['host', 'reviews', undefined]],
    ['/:workload/**', '/reviews/a/b', ['host', 'reviews', undefined]],
    ['/app-*/:workload', '/app-17/web', ['host', 'web', undefined]],
    ['/app.*/:workload', '/appx17/web', undefined],
    ['/:workload', '/päper mill', ['host', 'p-per-mill', undefined]],
  ] as const)('%s on %s', (pattern, path, expected) => {
    const found = match(pattern, path);
    expect(found && [found.namespace, found.workload, found.version]).toEqual(expected);
  });

  it('prefers literals to captures, and the first rule that matches', () => {
    const literals = { namespace: 'shop', workload: 'front', version: 'v9' };
    expect(match('/:namespace/x', '/other/x', literals)).toEqual(literals);
    const rules = compileRules([
      { cgroup: '/a/:workload', namespace: 'one' },
      { cgroup: '/:namespace/:workload' },
    ]);
    expect(rules('/a/x')?.namespace).toBe('one');
    expect(rules('/b/x')?.namespace).toBe('b');
    expect(rules('/b')).toBeUndefined();
  });

  it.each([['relative/:workload'], ['/:namespace/x'], ['/:workload/:workload'], ['/a/**/:workload']])(
    'refuses %s',
    (cgroup) => {
      expect(() => match(cgroup, '/')).toThrow(expect.objectContaining({ code: 'identity_rule_invalid' }));
    },
  );
});
