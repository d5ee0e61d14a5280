// SPDX-License-Identifier: Apache-2.0
import { EndpointFlag, RecordEvent, Reporter, WaypointTransport } from '@undermesh/bpf-abi';
import { enableProgramStats } from '@undermesh/libbpf-ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { curl, Haproxy, hasHaproxy } from './haproxy.js';
import { seenBy } from './http-played.js';
import { useMeshBed } from './mesh-bed.js';
import { isRoot, Observed, type Requests } from './observed.js';
import { ANSWER, answering, Prefaces } from './preface.js';
import { bytesOf, DualEngine, eventually, type Opened } from './steered.js';

/** What `collected` answers. */
interface Collected {
  readonly bytes: number;
  /** The first 256 bytes, in hexadecimal digits. */
  readonly first: string;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const hexPort = (port: number): string => port.toString(16).padStart(4, '0');
const letters = (count: number): string =>
  hex(Uint8Array.from({ length: count }, (_, i) => 'a'.charCodeAt(0) + (i % 26)));

/** Signature, version 2 and command PROXY. */
const PROXY = '0d0a0d0a000d0a515549540a21';

describe.skipIf(!isRoot)('preface.bpf.o (needs root and cgroup v2)', () => {
  const bed = useMeshBed();
  let engine: DualEngine;
  let observed: Observed;
  let prefaces: Prefaces;

  beforeEach(() => {
    engine = bed.attach(new DualEngine(bed.cgroup));
    observed = bed.attach(new Observed(bed.cgroup, { steeredBy: engine.object, http: true }));
    prefaces = bed.attach(new Prefaces(bed.cgroup, engine));
  });

  const serve = (transport: number, address = '10.96.0.1', at = '127.0.0.1') => {
    engine.addEndpoint({ id: 5, address: at, port: 15019, flags: EndpointFlag.WAYPOINT });
    engine.serve({ address, port: 80, id: 42, groups: [], waypointId: 5, transport });
  };
  /** What the waypoint got when the client sent `size` bytes in this way. */
  const talk = async (family: string, size: number, options: { how?: string; address?: string } = {}) => {
    const { how = 'write', address = '10.96.0.1' } = options;
    const told = await bed.mesh.tell(`talk ${how} ${family} ${address} 80 ${size}`);
    expect(told).toEqual({ sent: size, by: 15019, error: 0 });
    return bed.mesh.tell<Collected>('collected');
  };
  /** The client's end of the only connection so far. */
  const source = async () => {
    let found: ReturnType<Observed['records']>[number] | undefined;
    await eventually(() => {
      found ??= observed
        .records()
        .find(({ reporter, event }) => reporter === Reporter.SOURCE && event === RecordEvent.CLOSED);
      expect(found).toBeDefined();
    });
    if (!found) throw new Error('no record');
    return found;
  };

  describe.each([
    ['IPv4', '4', '10.96.0.1', '127.0.0.1'],
    ['IPv6', '6', 'fd00:96::1', '::1'],
    ['IPv4 on an IPv6 socket', 'm', '10.96.0.1', '127.0.0.1'],
  ])('%s', (_, family, address, at) => {
    const v6 = family === '6';
    const onWire = (text: string) => hex(bytesOf(text)).slice(0, v6 ? 32 : 8);
    const collect = () => bed.mesh.tell(`collect ${v6 ? 6 : 4} ${at} 15019`);

    it('sends version 2 of the PROXY protocol before the first byte, and counts it as no payload', async () => {
      serve(WaypointTransport.PROXY_V2, address, at);
      prefaces.name(42, 'catalog.bookshop');
      await collect();
      const { first } = await talk(family, 30, { address });
      const record = await source();
      const unique = record.socketCookie.toString(16).padStart(16, '0');
      const body =
        `${onWire(at)}${onWire(address)}${hexPort(record.localPort)}0050` +
        `050008${unique}020010${hex(Buffer.from('catalog.bookshop'))}`;
      const length = hexPort(body.length / 2);
      expect(first).toBe(`${PROXY}${v6 ? '21' : '11'}${length}${body}${letters(30)}`);
      expect(record.sentBytes).toBe(30n);
      expect(record.originalAddress).toEqual(bytesOf(address));
    });

    it("sends Kmesh's TLV", async () => {
      serve(WaypointTransport.KMESH_TLV, address, at);
      await collect();
      const { first } = await talk(family, 30, { address });
      expect(first).toBe(`01${v6 ? '00000012' : '00000006'}${onWire(address)}0050fe00000000${letters(30)}`);
      expect((await source()).sentBytes).toBe(30n);
    });
  });

  it.each([
    ['write', 1],
    ['writev', 1000],
    ['sendfile', 100_000],
    ['bits', 200],
    ['write', 5_000_000],
    ['nonblocking', 5_000_000],
  ])('comes once, whatever the first bytes are sent by: %s, %d bytes', async (how, size) => {
    serve(WaypointTransport.KMESH_TLV);
    await bed.mesh.tell('collect 4 127.0.0.1 15019');
    const { first } = await talk('4', size, { how });
    expect(first).toMatch(/^01000000060a6000010050fe00000000/);
    expect(`${first.slice(32)}`).toBe(letters(first.length / 2 - 16));
    await eventually(async () => expect((await bed.mesh.tell<Collected>('collected')).bytes).toBe(size + 16));
    expect((await source()).sentBytes).toBe(BigInt(size));
    expect(engine.errors()).toEqual([]);
  });

  it('leaves out the name of a service that has none', async () => {
    serve(WaypointTransport.PROXY_V2);
    await bed.mesh.tell('collect 4 127.0.0.1 15019');
    const { first } = await talk('4', 1);
    expect(first.slice(26, 32)).toBe('110017');
    expect(first).toHaveLength(2 * (16 + 12 + 11 + 1));
  });

  it('lets a socket go with the first answer, so that later sends cost nothing', async () => {
    using _statistics = enableProgramStats();
    serve(WaypointTransport.PROXY_V2);
    await bed.mesh.tell('serve tcp 4 127.0.0.1 15019'); // speaks first; what it sends back begins with the preface
    const { handle } = await bed.mesh.tell<Opened>('open 4 10.96.0.1 80');
    for (let i = 0; i < 30; i++) await bed.mesh.tell(`echo ${handle}`);
    expect(prefaces.sends()).toBeGreaterThan(0);
    expect(prefaces.sends()).toBeLessThan(5);
    await bed.mesh.tell(`close ${handle}`);
  });

  it.skipIf(!hasHaproxy)('is understood by a stock HAProxy (needs one that runs here)', async () => {
    await bed.mesh.tell('accepted'); // its namespace is made
    const haproxy = new Haproxy(bed.mesh, [
      '  bind 127.0.0.1:15019 accept-proxy',
      '  bind ::1:15019 accept-proxy',
      '  http-request return status 200 content-type text/plain lf-string "%[fc_pp_authority] %[src] [%[dst]]:%[dst_port] "',
    ]);
    try {
      prefaces.name(42, 'catalog.bookshop');
      for (const [address, at] of [
        ['10.96.0.1', '127.0.0.1'],
        ['fd00:96::1', '::1'],
      ] as const) {
        serve(WaypointTransport.PROXY_V2, address, at);
        const url = `http://${at === '::1' ? `[${address}]` : address}/`;
        await eventually(() =>
          expect(curl(bed.mesh, bed.cgroup, url)).toBe(`catalog.bookshop ${at} [${address}]:80 200`),
        );
      }
    } finally {
      await haproxy.end();
    }
  });

  it.each([
    ['PROXY protocol', WaypointTransport.PROXY_V2, ['GET 200']],
    ["Kmesh's TLV", WaypointTransport.KMESH_TLV, []], // nobody else knows it
  ])('hides no request from who sent it, and is no part of one: %s', async (_, transport, accepted) => {
    serve(transport);
    await using _waypoint = await answering(bed.mesh, bed.cgroup, 15019);
    expect(curl(bed.mesh, bed.cgroup, '-A x http://10.96.0.1/')).toBe('200');
    const requests: Requests[] = [];
    await eventually(() => {
      requests.push(...observed.read().requests);
      expect(seenBy(Reporter.SOURCE, requests)).toEqual({
        samples: ['GET 200'],
        requestBytes: 'GET / HTTP/1.1\r\nHost: 10.96.0.1\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n'.length,
        responseBytes: ANSWER.length,
      });
      expect(seenBy(Reporter.DESTINATION, requests).samples).toEqual(accepted);
    });
  });

  it('lets nothing else of a connection change', async () => {
    serve(WaypointTransport.NONE);
    await bed.mesh.tell('collect 4 127.0.0.1 15019');
    expect(await talk('4', 40)).toEqual({ bytes: 40, first: letters(40) });
  });

  it('counts when there is no room for a socket', async () => {
    prefaces.close();
    prefaces = bed.attach(new Prefaces(bed.cgroup, engine, { sockets: 1 }));
    serve(WaypointTransport.KMESH_TLV);
    await bed.mesh.tell('serve tcp 4 127.0.0.1 15019');
    await bed.mesh.tell('open 4 10.96.0.1 80'); // sends nothing: stays in the map
    await bed.mesh.tell('open 4 10.96.0.1 80');
    expect(engine.totals().failed).toBe(1n);
  });
});
