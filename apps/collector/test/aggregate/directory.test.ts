// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, it } from 'vitest';
import { type AddressWords, parseAddress } from '../../src/aggregate/address.js';
import { Directory } from '../../src/aggregate/directory.js';

const at = (text: string): AddressWords => parseAddress(text) ?? new Uint32Array(4);
const [A, B] = [1, 2];

let directory: Directory;
let podA: number;
let podB: number;
let hostA: number;
beforeEach(() => {
  directory = new Directory();
  podA = directory.namespace(A, 100, 0);
  podB = directory.namespace(B, 100, 0);
  hostA = directory.namespace(A, 1, 0);
});
const listen = (address: string, port: number, namespace: number, placement: number, open = true): void =>
  directory.listen({ address: at(address), port, namespace, placement, open });
const find = (address: string, port: number, node = A, namespace = hostA): number =>
  directory.find(at(address), port, { node, namespace });

describe('Directory', () => {
  it('finds a wildcard listener by any address of its namespace, from any node', () => {
    directory.own(at('10.0.0.1'), A, podA);
    directory.own(at('fd00::1'), A, podA);
    listen('0.0.0.0', 80, podA, 7);
    expect([find('10.0.0.1', 80), find('fd00::1', 80, B, podB), find('10.0.0.9', 80)]).toEqual([7, 7, 0]);
  });

  it('keeps an exact listener apart from the wildcard', () => {
    directory.own(at('10.0.0.1'), A, podA);
    directory.own(at('10.0.0.2'), A, podA);
    listen('0.0.0.0', 80, podA, 7);
    listen('10.0.0.2', 80, podA, 8);
    expect([find('10.0.0.1', 80), find('10.0.0.2', 80)]).toEqual([7, 8]);
  });

  it('names the only user of an address, also for a port that never listened', () => {
    directory.own(at('10.0.0.1'), A, podA);
    listen('0.0.0.0', 80, podA, 7);
    expect(find('10.0.0.1', 9999)).toBe(7);
    listen('0.0.0.0', 81, podA, 8);
    expect(find('10.0.0.1', 9999)).toBe(0);
  });

  it('names a client that never listens by what speaks from its namespace', () => {
    directory.own(at('10.0.0.3'), B, podB);
    directory.speak(podB, 5);
    expect(find('10.0.0.3', 0)).toBe(5);
    directory.speak(podB, 6);
    expect(find('10.0.0.3', 0)).toBe(0);
  });

  it('goes on naming a listener that is gone, until another takes its place', () => {
    directory.own(at('10.0.0.1'), A, podA);
    listen('10.0.0.1', 80, podA, 7);
    listen('10.0.0.1', 80, podA, 7, false);
    expect(find('10.0.0.1', 80)).toBe(7);
    listen('10.0.0.1', 80, podA, 8);
    listen('10.0.0.1', 80, podA, 7, false);
    expect(find('10.0.0.1', 80)).toBe(8);
  });

  it('keeps loopback to the namespace of whoever speaks', () => {
    listen('127.0.0.1', 80, hostA, 7);
    listen('0.0.0.0', 81, hostA, 8);
    expect([find('127.0.0.1', 80), find('127.0.0.1', 81), find('127.0.0.5', 81)]).toEqual([7, 8, 8]);
    expect(find('127.0.0.1', 80, B, podB)).toBe(0);
  });

  it('does not mix up nodes that use the same private address', () => {
    directory.own(at('172.17.0.2'), A, podA);
    directory.own(at('172.17.0.2'), B, podB);
    listen('0.0.0.0', 80, podA, 7);
    listen('0.0.0.0', 80, podB, 8);
    expect([find('172.17.0.2', 80, A), find('172.17.0.2', 80, B), find('172.17.0.2', 80, 3)]).toEqual([
      7, 8, 0,
    ]);
  });

  it('keeps loopback of two namespaces of a node apart', () => {
    const otherA = directory.namespace(A, 2, 0);
    listen('127.0.0.1', 80, hostA, 7);
    listen('127.0.0.1', 80, otherA, 8);
    listen('127.0.0.1', 81, otherA, 9);
    expect([find('127.0.0.1', 80), find('127.0.0.1', 80, A, otherA)]).toEqual([7, 8]);
    expect([find('127.0.0.1', 81), find('127.0.0.1', 80, A, podA)]).toEqual([0, 0]);
  });

  it('names nobody as who speaks from 127.0.0.1, which is everybody', () => {
    listen('127.0.0.1', 80, hostA, 7);
    listen('127.0.1.5', 80, hostA, 8);
    expect([find('127.0.0.1', 0), find('127.0.0.1', 9999), find('127.0.1.5', 0)]).toEqual([0, 0, 8]);
  });

  it('does not mix up namespaces of a node that use the same private address', () => {
    const otherA = directory.namespace(A, 2, 0);
    directory.own(at('10.9.0.1'), A, podA);
    directory.own(at('10.9.0.1'), A, otherA);
    listen('0.0.0.0', 80, podA, 7);
    listen('0.0.0.0', 80, otherA, 8);
    const seen = (): number[] => [
      find('10.9.0.1', 80, A, podA),
      find('10.9.0.1', 80, A, otherA),
      find('10.9.0.1', 80, A, hostA),
      find('10.9.0.1', 80, B, podB),
    ];
    expect(seen()).toEqual([7, 8, 0, 0]);
    directory.own(at('10.9.0.1'), A, podA);
    expect(seen()).toEqual([7, 8, 0, 0]);
    directory.disown(at('10.9.0.1'), A, podA);
    expect(seen()).toEqual([8, 8, 8, 8]);
    directory.disown(at('10.9.0.1'), A, otherA);
    expect(seen()).toEqual([8, 8, 8, 8]);
  });

  it('follows an address that moves to another node, and names its former user until then', () => {
    directory.own(at('10.0.0.1'), A, podA);
    listen('0.0.0.0', 80, podA, 7);
    listen('0.0.0.0', 80, podB, 8);
    directory.disown(at('10.0.0.1'), A, podA);
    expect(find('10.0.0.1', 80, 3)).toBe(7);
    directory.own(at('10.0.0.1'), B, podB);
    expect(find('10.0.0.1', 80, 3)).toBe(8);
    expect(find('10.0.0.1', 80, A)).toBe(8);
  });
});
