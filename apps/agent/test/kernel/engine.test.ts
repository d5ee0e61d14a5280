// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ABI_VERSION, decodeEngineState } from '@undermesh/bpf-abi';
import { BpfLink, BpfMap, BpfProgram } from '@undermesh/libbpf-ts';
import type { Mesh } from '@undermesh/mesh';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Engine, EngineStore, findObjects, resolveScope } from '../../src/kernel/index.js';
import { type Contents, compile, difference, flatten, IdBook } from '../../src/mesh/index.js';
import { type Client, EngineBed, until } from '../engine-bed.js';
import { endpoint, meshOf, service } from '../mesh/meshes.js';

const root = process.getuid?.() === 0;
const SIZES = { services: 256, endpoints: 1024 };
const VIP = '10.96.0.1:80';

describe.skipIf(!root)('the engine on this kernel (needs root and cgroup v2)', { timeout: 60_000 }, () => {
  let bed: EngineBed;
  let enrolled: Client;
  let stranger: Client;
  const open: Engine[] = [];

  beforeAll(async () => {
    bed = new EngineBed();
    await bed.serve('10.1.0.1:8080', '10.1.0.2:8080', '10.1.0.3:8080', 'fd01::1:8080');
    enrolled = await bed.client('shop/web');
    stranger = await bed.client('office/mail');
  });
  afterAll(() => bed.remove());
  afterEach(async () => {
    for (const engine of open.splice(0)) engine.close();
    EngineStore.remove(bed.pins, 'test');
    await notSteered(enrolled);
  });

  /** The kernel frees a link some time after its last pin has gone, and detaches it then. */
  const notSteered = (client: Client): Promise<void> =>
    until('links to be freed', async () => (await client.connect(VIP)).error === 'EHOSTUNREACH');

  /** A run of an agent, as far as the engine goes. */
  class Run {
    readonly store: EngineStore;
    readonly engine: Engine;
    readonly book: IdBook;
    #contents: Contents = new Map();

    constructor(options: { sizes?: typeof SIZES; enrol?: string[]; waypoints?: string[] } = {}) {
      this.store = new EngineStore(bed.pins, 'test');
      this.engine = new Engine(this.store, {
        objectFile: findObjects('').engine,
        extraFiles: findObjects('').extras,
        waypoints: (options.waypoints ?? []).map((path) => `/${bed.namespace}${path}`),
        scope: resolveScope(bed.cgroup),
        sizes: options.sizes ?? SIZES,
        owner: 7,
        marksOwnership: true,
        shared: new Map(),
        enrol: (options.enrol ?? ['/shop/*']).map((path) => `/${bed.namespace}${path}`),
        onEndpointGone: (id) => this.book.release(id),
      });
      open.push(this.engine);
      this.book = new IdBook(this.engine.maps.written);
    }

    steer(mesh: Mesh): number {
      const here = { node: null, zone: null, region: null };
      this.#contents = compile(mesh, {
        here,
        book: this.book,
        prefaces: true,
        previous: this.#contents,
      });
      const changes = difference(this.engine.maps.written, flatten(this.#contents.values()));
      this.engine.maps.write(changes);
      return changes.reduce((sum, { entries }) => sum + entries.length, 0);
    }

    get ids() {
      const { links } = this.store;
      const linkIds = links.call(this.store).map((name) => {
        using link = BpfLink.openPinned(this.store.linkPath(name));
        return [name, link.id, link.info().programId] as const;
      });
      const mapIds = ['services', 'endpoints', 'steerings', 'engine_state'].map(
        (name) => this.engine.map(name).id,
      );
      return { linkIds: linkIds.sort(), mapIds };
    }
  }

  const shop = (...last: number[]): Mesh =>
    meshOf([
      service('a', {
        addresses: { v4: ['10.96.0.1'], v6: ['fd96::1'] },
        endpoints: [...last.map((i) => endpoint(`10.1.0.${i}`)), endpoint('fd01::1')],
      }),
    ]);

  it('steers whoever is enrolled and nobody else, by the engine in force', async () => {
    const run = new Run();
    run.steer(shop(1, 2));
    expect((await enrolled.connect(VIP)).error).toBe('EHOSTUNREACH');
    await run.engine.apply({ engine: 'dual-engine', generation: 3 });
    expect(run.engine.readback()).toMatchObject({ engine: 'dual-engine', generation: 3, drift: [] });
    const { said, peer } = await enrolled.connect(VIP);
    expect(said).toMatch(/^10\.1\.0\.[12]:8080$/);
    expect(peer).toBe(VIP);
    expect((await enrolled.connect('fd96::1:80')).said).toBe('fd01::1:8080');
    expect((await stranger.connect(VIP)).error).toBe('EHOSTUNREACH');
    expect([...(await enrolled.reached(VIP, 40)).keys()].sort()).toEqual(['10.1.0.1:8080', '10.1.0.2:8080']);

    const kept = await enrolled.connect(VIP, { keep: true });
    await until('the others to be over, to the last state of each', () => {
      run.engine.tick();
      return run.engine.readback().openConnections[0]?.connections === 1;
    });
    expect(run.engine.readback().openConnections).toEqual([{ generation: 3, connections: 1 }]);
    await run.engine.apply({ engine: 'off', generation: 4 });
    expect((await enrolled.connect(VIP)).error).toBe('EHOSTUNREACH');
    expect((await enrolled.echo(kept.id)).said).toBe('again');
    expect(run.engine.readback().openConnections).toEqual([{ generation: 3, connections: 1 }]);
    await enrolled.close(kept.id);
    await until('it to be forgotten', () => {
      run.engine.tick();
      return run.engine.readback().openConnections.length === 0;
    });
    expect(
      run.engine.readback().hooks.every(({ expected, attached }) => expected === 1 && attached === 1),
    ).toBe(true);
    expect(run.engine.totals().steered).toBeGreaterThan(40n);
  });

  it('is taken up by the next run as it is, with the same numbers', async () => {
    const first = new Run();
    first.steer(shop(1, 2, 3));
    await first.engine.apply({ engine: 'dual-engine', generation: 1 });
    const { ids } = first;
    first.engine.close();
    expect((await enrolled.connect(VIP)).said).toBeDefined();
    const next = new Run();
    expect(next.ids).toEqual(ids);
    expect(next.engine.readback()).toMatchObject({ engine: 'dual-engine', generation: 1, drift: [] });
    expect(next.steer(shop(1, 2, 3))).toBe(0);
  });

  it('keeps an endpoint that is gone for as long as it has connections', async () => {
    const run = new Run();
    run.steer(shop(1));
    await run.engine.apply({ engine: 'dual-engine', generation: 1 });
    const kept = await enrolled.connect(VIP, { keep: true });
    run.steer(shop(2));
    expect(run.engine.maps.leaving).toBe(1);
    expect([...(await enrolled.reached(VIP, 10)).keys()]).toEqual(['10.1.0.2:8080']);
    run.engine.tick();
    expect(run.engine.maps.leaving).toBe(1);
    expect((await enrolled.echo(kept.id)).said).toBe('again');
    await enrolled.close(kept.id);
    await until('it to be let go', () => {
      run.engine.tick();
      return run.engine.maps.leaving === 0;
    });
    expect(run.book.size).toBe(2);
  });

  it('sees what was changed behind its back, says so and mends it', async () => {
    const run = new Run();
    run.steer(shop(1, 2));
    await run.engine.apply({ engine: 'dual-engine', generation: 1 });
    const drift = () => run.engine.readback().drift.map(({ what, mended }) => `${what} ${mended}`);
    const linkOf = (program: string): string =>
      run.store.linkPath(run.store.links().find((name) => name.endsWith(program)) ?? '');
    {
      using link = BpfLink.openPinned(linkOf('steer_connect4'));
      link.detach();
    }
    expect((await enrolled.connect(VIP)).error).toBe('EHOSTUNREACH');
    run.engine.tick();
    expect(drift().some((what) => /steer_connect4 was detached from .*\/shop\/web true/.test(what))).toBe(
      true,
    );
    expect((await enrolled.connect(VIP)).said).toBeDefined();

    rmSync(linkOf('steer_connect6'));
    run.engine.tick();
    expect(drift()[0]).toMatch(/steer_connect6 was taken away from .* true/);
    {
      using link = BpfLink.openPinned(linkOf('steer_connect4'));
      using other = BpfProgram.openPinned(run.store.pinOf('program', 'dual_connect4'));
      link.update(other);
    }
    run.engine.tick();
    expect(drift()[0]).toMatch(/steer_connect4 was replaced at .* true/);

    run.engine.map('engine_state').update(new Uint8Array(4), new Uint8Array(8));
    run.engine.tick();
    expect(drift()[0]).toBe('somebody else put off, generation 0 in force true');
    run.engine.map('connect4_programs').delete(Uint8Array.of(1, 0, 0, 0));
    run.engine.tick();
    expect(drift()[0]).toBe('dual_connect4 was taken out of connect4_programs true');

    for (const key of run.engine.map('endpoints').keys()) run.engine.map('endpoints').delete(key);
    await until('it to be noticed', () => {
      run.engine.tick();
      return /entries were changed .* of endpoints true/.test(drift()[0] ?? '');
    });
    rmSync(run.store.pinOf('map', 'vips'));
    run.engine.tick();
    expect(existsSync(run.store.pinOf('map', 'vips'))).toBe(false); // perhaps all of them are being removed
    run.engine.tick();
    expect(existsSync(run.store.pinOf('map', 'vips'))).toBe(true);
    expect((await enrolled.connect(VIP)).said).toBeDefined();
  });

  it('enrols what comes, and lets go of what goes', async () => {
    const run = new Run();
    run.steer(shop(1));
    await run.engine.apply({ engine: 'dual-engine', generation: 1 });
    const late = await bed.client('shop/late'); // no look in between: the engine hears of it
    await until('it to be enrolled', async () => (await late.connect(VIP)).said === '10.1.0.1:8080');
    expect(run.engine.readback().enrolled.map((path) => path.slice(path.lastIndexOf('/') + 1))).toEqual([
      'late',
      'web',
    ]);
    const kept = await late.connect(VIP, { keep: true });
    run.engine.close();
    const narrow = new Run({ enrol: ['/shop/web'] });
    await notSteered(late);
    expect((await late.echo(kept.id)).said).toBe('again');
    expect(narrow.store.links()).toHaveLength(11 + 6);
    await late.close(kept.id);
    await until('the rest to be detached', () => {
      narrow.engine.tick();
      return narrow.store.links().length === 11;
    });
    await late.stop();
    rmdirSync(join(bed.cgroup, 'shop/late'));
  });

  it('tells a waypoint, also one that is older, where a connection wanted to go', async () => {
    await bed.waypoint('edge', '10.1.0.4:15008');
    const run = new Run({ waypoints: ['/edge'] });
    const gate = {
      namespace: 'shop',
      name: 'gate',
      addresses: { v4: ['10.1.0.4'], v6: [] },
      listeners: [{ name: 'mesh', port: 15_008, transport: 'syn-option' as const }],
      node: 'here',
      routes: [],
    };
    const here = { name: 'here', addresses: { v4: [], v6: [] }, zone: null, region: null, engine: null };
    const a = service('a', { waypoint: gate, endpoints: [endpoint('10.1.0.1')] });
    run.steer(meshOf([a], { waypoint: gate, nodes: new Map([['here', here]]) }));
    await run.engine.apply({ engine: 'dual-engine', generation: 1 });
    expect((await enrolled.connect(VIP)).said).toBe('10.1.0.4:15008'); // from nobody that it trusts
    run.engine.waypoints.trust(['10.0.0.0/8', 'fd01::/16', '10.96.7.7']);
    expect(await enrolled.connect(VIP)).toMatchObject({ said: VIP, peer: VIP });
    run.engine.waypoints.trust(['10.96.7.7']);
    expect((await enrolled.connect(VIP)).said).toBe('10.1.0.4:15008');
    expect(run.engine.totals()).toMatchObject({
      steeredToWaypoint: 3n,
      optionTaken: 1n,
      optionUntrusted: 2n,
    });
    expect(run.engine.readback().hooks.find(({ name }) => name === 'take_option')).toMatchObject({
      expected: 1,
      attached: 1,
    });
  });

  it('sends a waypoint that reads no option of ours a preface, with the name of the service', async () => {
    const run = new Run();
    const gate = {
      namespace: 'shop',
      name: 'gate',
      addresses: { v4: ['10.1.0.3'], v6: [] },
      listeners: [{ name: 'proxy', port: 8080, transport: 'proxy-v2' as const }],
      node: null,
      routes: [],
    };
    const a = service('a', { waypoint: gate, endpoints: [endpoint('10.1.0.1')] });
    run.steer(meshOf([a], { waypoint: gate }));
    await run.engine.apply({ engine: 'dual-engine', generation: 1 });
    const kept = await enrolled.connect(VIP, { keep: true });
    expect(kept).toMatchObject({ said: '10.1.0.3:8080', peer: VIP });
    const { said } = await enrolled.echo(kept.id); // the bed's servers send back what they hear
    expect(said).toMatch(/^\r\n\r\n\0\r\nQUIT\n[\s\S]*a\.shop\.svcagain$/);
    await enrolled.close(kept.id);
    expect(run.engine.extras).toEqual({ waypoint: true, preface: true });
  });

  it('is gone when its pins are removed by hand, also while an agent runs', async () => {
    const run = new Run();
    run.steer(shop(1));
    await run.engine.apply({ engine: 'dual-engine', generation: 1 });
    const kept = await enrolled.connect(VIP, { keep: true });
    execFileSync('rm', ['-r', bed.pins]);
    await notSteered(enrolled);
    expect((await enrolled.echo(kept.id)).said).toBe('again');
    await enrolled.close(kept.id);
    run.engine.tick();
    expect(run.engine.readback()).toMatchObject({ engine: 'off', hooks: [], drift: [{ mended: false }] });
    await expect(run.engine.apply({ engine: 'dual-engine', generation: 2 })).rejects.toThrow(
      /removed by hand/,
    );
    expect(existsSync(bed.pins)).toBe(false);
  });

  it('refuses pins that are not its own', async () => {
    new Run().engine.close();
    const engine = join(bed.pins, 'test', String(ABI_VERSION), 'engine');
    const services = join(engine, 'current/maps/services');
    const refused = (why: RegExp) => expect(() => new Run()).toThrow(why);
    chownSync(services, 1, 0);
    refused(/belongs to user 1\. .*rm -r/);
    chownSync(services, 0, 0);
    chmodSync(services, 0o666);
    refused(/can be written by others \(mode 666\)/);
    chmodSync(services, 0o600);
    renameSync(services, `${services}-away`);
    {
      using other = BpfMap.create({ type: 'hash', name: 'other', keySize: 4, valueSize: 4, maxEntries: 1 });
      other.pin(services);
      refused(/services holds 'other'/);
      rmSync(services);
      using program = BpfProgram.openPinned(join(engine, 'current/programs/follow_close'));
      program.pin(services);
      refused(/services is not what it says/);
      rmSync(services);
    }
    renameSync(`${services}-away`, services);
    expect(new Run().engine.readback().drift).toEqual([]);
  });

  it('takes other sizes over with all that is in the maps, and what another ABI left', async () => {
    const first = new Run();
    first.steer(shop(1, 2, 3));
    await first.engine.apply({ engine: 'dual-engine', generation: 9 });
    const kept = await enrolled.connect(VIP, { keep: true });
    const before = first.ids;
    first.engine.close();
    const abi = join(bed.pins, 'test', String(ABI_VERSION));
    mkdirSync(join(bed.pins, 'test', '1'));
    renameSync(join(abi, 'engine'), join(bed.pins, 'test', '1', 'engine'));
    const next = new Run({ sizes: { services: 512, endpoints: 4096 } });
    expect(existsSync(dirname(join(bed.pins, 'test', '1', 'engine')))).toBe(false);
    const after = next.ids;
    const programs = (ids: typeof before) => ids.linkIds.map(([, , program]) => program);
    expect(after.linkIds.map(([name]) => name)).toEqual(before.linkIds.map(([name]) => name));
    expect(programs(after).some((id) => programs(before).includes(id))).toBe(false);
    expect(after.mapIds[2]).toBe(before.mapIds[2]); // what sockets carry stays with them
    expect(next.engine.map('endpoints').maxEntries).toBe(4096);
    expect(next.steer(shop(1, 2, 3))).toBe(0);
    const state = next.engine.map('engine_state').lookup(new Uint8Array(4));
    expect(decodeEngineState(state ?? new Uint8Array())).toEqual({ engine: 1, generation: 9 });
    expect(next.engine.readback().openConnections).toEqual([{ generation: 9, connections: 1 }]);
    expect((await enrolled.echo(kept.id)).said).toBe('again');
    expect((await enrolled.connect(VIP)).said).toBeDefined();
    await enrolled.close(kept.id);
    next.engine.close();
    // Too small for what is there: the earlier one stays.
    const small = new Run({ sizes: { services: 1, endpoints: 1 } });
    expect(small.engine.readback().drift[0]?.what).toMatch(/takes 1 entries, and \d are in use/);
    expect((await enrolled.connect(VIP)).said).toBeDefined();
    expect(small.ids.mapIds).toEqual(after.mapIds);
  });
});
