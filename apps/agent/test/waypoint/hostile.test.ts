// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HttpRoute, HttpRule, Mesh, Service } from '@undermesh/mesh';
import { describe, expect, it } from 'vitest';
import { planWaypoint } from '../../src/waypoint/plan.js';
import { renderWaypoint } from '../../src/waypoint/render.js';
import { ask, canRun, meshOf, newRunner, serviceManifest, startBackend, temporaryDirectory } from './bed.js';

const HERE = { node: null, zone: null, region: null };
const NO_CHANGES = { set: [], add: [], remove: [] };

/** What somebody might try; then anything at all. */
const ATTEMPTS = [
  "' } http-request deny",
  "a'\n    http-request deny",
  'a\r\nbackend evil',
  '\\',
  "\\'",
  '"',
  '%[src]',
  '%',
  '%%',
  '%{+Q}o',
  '$HOME',
  '`id`',
  '#',
  '# a',
  '-f /etc/passwd',
  '--',
  '-',
  '{ always_true }',
  '}',
  '{',
  '!',
  'if',
  '||',
  '(',
  ')',
  ',',
  'a,lower',
  '\0',
  '\t',
  '',
  ' ',
  '^',
  '$',
  'é',
  '😀',
  '\u2028',
  'a'.repeat(3_000),
];
const LETTERS = [...`abz09'"\\%$\`#-{}[]()|!^*?,;:/. \t\r\n\0é&<>=+@~_`];

function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}

type Random = ReturnType<typeof randomOf>;

const hostile = (random: Random): string =>
  random(2) === 0
    ? ATTEMPTS[random(ATTEMPTS.length)]!
    : Array.from({ length: 1 + random(12) }, () => LETTERS[random(LETTERS.length)]).join('');

/** A rule with one of `text()` wherever a text from outside may stand. */
function ruleOf(text: () => string): HttpRule {
  const value = (kind: 'exact' | 'regex') => ({
    kind,
    name: 'x-name',
    value: kind === 'exact' ? text() : 'a+',
  });
  const headers = () => ({
    set: [{ name: 'x-set', value: text() }],
    add: [{ name: 'x-add', value: text() }],
    remove: ['x-remove'],
  });
  return {
    matches: [
      {
        path: { kind: 'exact', value: text() },
        method: text(),
        headers: [value('exact')],
        query: [value('exact')],
      },
      { path: { kind: 'prefix', value: text() }, method: null, headers: [value('regex')], query: [] },
    ],
    requestHeaders: headers(),
    responseHeaders: headers(),
    redirect: null,
    rewrite: { hostname: text(), path: { kind: 'prefix', value: text() } },
    backends: [
      {
        service: { namespace: 'shop', name: 's1' },
        port: 80,
        weight: 1,
        requestHeaders: headers(),
        responseHeaders: NO_CHANGES,
      },
    ],
    timeouts: { requestMs: null, backendRequestMs: null },
    retry: null,
  };
}

const redirectOf = (text: () => string): HttpRule => ({
  ...ruleOf(text),
  rewrite: null,
  backends: [],
  redirect: {
    scheme: null,
    hostname: text(),
    port: null,
    path: { kind: 'full', value: text() },
    status: 302,
  },
});

const routeOf = (rules: readonly HttpRule[], hostnames: readonly string[]): HttpRoute => ({
  namespace: 'shop',
  name: 'hostile',
  hostnames,
  parents: [{ kind: 'waypoint', namespace: 'shop', name: 'way', port: null }],
  rules,
  rateLimit: null,
  createdAtMs: 0,
});

function render(mesh: Mesh, routes: readonly HttpRoute[], directory: string): string {
  const waypoint = { ...mesh.waypoints.get('shop/way')!, routes };
  const { configuration, map } = renderWaypoint(planWaypoint(mesh, waypoint, HERE), {
    directory,
    user: null,
    slots: new Map(),
    tellsRequests: true,
  });
  writeFileSync(join(directory, map.name), map.text);
  return configuration;
}

/** What the lines are about, whatever texts they hold: their first two words, without numbers. */
const headsOf = (configuration: string): Set<string> =>
  new Set(
    configuration.split('\n').map((line) =>
      line
        .trim()
        .split(' ')
        .slice(0, 2)
        .join(' ')
        .replace(/_[0-9_]+/g, ''),
    ),
  );

describe.skipIf(!canRun)('texts from outside (needs root and HAProxy)', { timeout: 60_000 }, () => {
  it('never become configuration: they are texts, or refused', async () => {
    const random = randomOf(7);
    const directory = temporaryDirectory();
    const mesh = await meshOf(serviceManifest(1, [1]));
    const harmless = ['/a', '/', '}'].flatMap((text) =>
      [ruleOf, redirectOf].map((make) => routeOf([make(() => text)], ['a.example', '*.example'])),
    );
    const known = headsOf(render(mesh, harmless, directory));
    const taken: HttpRoute[] = [];
    let refused = 0;
    for (let turn = 0; turn < 900; turn++) {
      const make = random(2) === 0 ? ruleOf : redirectOf;
      // All texts of one rule but one are harmless, so that most rules show what becomes of that one.
      let left = random(14);
      const text = (): string => (left-- === 0 ? hostile(random) : '/a');
      const route = routeOf([make(text)], [random(10) === 0 ? hostile(random) : 'a.example']);
      try {
        const heads = headsOf(render(mesh, [route], directory));
        expect([...heads].filter((head) => !known.has(head))).toEqual([]);
        taken.push(route);
      } catch (error) {
        expect(error).toMatchObject({ code: 'waypoint_unrenderable' });
        refused++;
      }
    }
    expect(taken.length).toBeGreaterThan(300);
    expect(refused).toBeGreaterThan(50);
    const file = join(directory, 'haproxy.cfg');
    writeFileSync(file, render(mesh, taken, directory));
    const { status, stderr } = spawnSync('haproxy', ['-c', '-f', file], { encoding: 'utf8' });
    expect([status, stderr.split('\n').filter((line) => line.includes('ALERT'))]).toEqual([0, []]);
  });

  it('reach the other end as they are', async () => {
    const random = randomOf(8);
    await startBackend(1);
    const mesh = await meshOf(serviceManifest(1, [1]));
    const visible = LETTERS.filter((letter) => /[\x21-\x7e]/.test(letter));
    const texts = Array.from({ length: 40 }, () =>
      Array.from({ length: 1 + random(10) }, () => visible[random(visible.length)]).join(''),
    );
    const rules = texts.map(
      (text, at): HttpRule => ({
        ...ruleOf(() => '/'),
        matches: [
          {
            path: { kind: 'prefix', value: `/${at}` },
            method: null,
            headers: [{ kind: 'exact', name: 'x-given', value: text }],
            query: [],
          },
        ],
        requestHeaders: { ...NO_CHANGES, set: [{ name: 'x-set', value: text }] },
        responseHeaders: { ...NO_CHANGES, set: [{ name: 'x-answer', value: text }] },
        rewrite: null,
        backends: ruleOf(() => '/').backends.map((backend) => ({ ...backend, requestHeaders: NO_CHANGES })),
      }),
    );
    const waypoint = { ...mesh.waypoints.get('shop/way')!, routes: [routeOf(rules, [])] };
    const runner = newRunner();
    await runner.apply({ ...mesh, waypoints: new Map([['shop/way', waypoint]]) });
    expect(runner.states).toMatchObject([{ problem: null }]);
    for (const [at, text] of texts.entries()) {
      const { echo, headers } = await ask(1, `/${at}`, { headers: { 'x-given': text } });
      expect([echo?.headers['x-set'], headers['x-answer']]).toEqual([text, text]);
      const other = await ask(1, `/${at}`, { headers: { 'x-given': `${text}x` } });
      expect(other.echo?.headers).not.toHaveProperty('x-set');
    }
  });

  it('are refused where names and addresses have to be plain', async () => {
    const directory = temporaryDirectory();
    const mesh = await meshOf(serviceManifest(1, [1]));
    const withService = (change: (service: Service) => Service): Mesh => ({
      ...mesh,
      services: new Map([['shop/s1', change(mesh.services.get('shop/s1')!)]]),
    });
    const named = (name: string): HttpRoute[] => {
      const rule = ruleOf(() => '/a');
      const match = { ...rule.matches[0]!, headers: [{ kind: 'exact' as const, name, value: 'a' }] };
      return [routeOf([{ ...rule, matches: [match] }], [])];
    };
    for (const name of ['a)', 'a,b', "a'", 'a b', '', 'a\nb', '%[src]', '$a'])
      expect(() => render(mesh, named(name), directory)).toThrow(
        /cannot be put into HAProxy's configuration/,
      );
    for (const address of ['1.2.3.4 check', 'unix@/tmp/x', '1.2.3.4\nbackend x', 'fd00::1%eth0', ''])
      expect(() =>
        render(
          withService((service) => ({ ...service, endpoints: [{ ...service.endpoints[0]!, address }] })),
          [],
          directory,
        ),
      ).toThrow(/it is no IP address/);
  });
});
