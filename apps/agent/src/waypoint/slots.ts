// SPDX-License-Identifier: Apache-2.0
import type { PlannedServer } from './plan.js';
import { socketAddress } from './quote.js';

/**
 * The places for servers of one backend. A server keeps its place; there are some to spare, so that endpoints come and go
 * without another configuration.
 */
export type Slots = readonly (PlannedServer | null)[];

/** Slots by the name of the backend. */
export type SlotBook = ReadonlyMap<string, Slots>;

/** Gives each server the slot that it had, else a free one. With too few, or far too many, the backend is laid out anew. */
export function assignSlots(servers: readonly PlannedServer[], before: Slots = []): Slots {
  const size = 2 ** Math.ceil(Math.log2(servers.length + 1));
  if (before.length < servers.length || before.length > 4 * size) return lay(servers, size, []);
  return lay(servers, before.length, before);
}

function lay(servers: readonly PlannedServer[], size: number, before: Slots): Slots {
  const waiting = new Map(servers.map((server) => [nameOf(server), server]));
  const slots = Array.from({ length: size }, (_, at): PlannedServer | null => {
    const old = before[at] ?? null;
    const kept = old === null ? undefined : waiting.get(nameOf(old));
    if (kept !== undefined) waiting.delete(nameOf(kept));
    return kept ?? null;
  });
  for (const server of waiting.values()) slots[slots.indexOf(null)] = server;
  return slots;
}

const nameOf = ({ address, port }: PlannedServer): string => `${address} ${port}`;

/** A free slot leads to an address that nobody can be at, and is not used. */
const FREE = 'ipv4@192.0.2.1:1 weight 1 disabled';

export const slotLines = (slots: Slots): string[] =>
  slots.map((server, at) => {
    const to =
      server === null ? FREE : `${socketAddress(server.address, server.port)} weight ${server.weight}`;
    return `server endpoint_${at} ${to}`;
  });

const BACKEND = /^backend (\S+)$/;
const SERVER = /^ {4}server endpoint_\d+ ipv[46]@(\S+):(\d+) weight (\d+)( disabled)?$/;

/** Reads the slots of a configuration that was rendered before. */
export function readSlots(configuration: string): SlotBook {
  const book = new Map<string, (PlannedServer | null)[]>();
  let slots: (PlannedServer | null)[] = [];
  for (const line of configuration.split('\n')) {
    const [, backend] = BACKEND.exec(line) ?? [];
    if (backend !== undefined) {
      slots = [];
      book.set(backend, slots);
    }
    const [, address, port, weight, disabled] = SERVER.exec(line) ?? [];
    if (address !== undefined)
      slots.push(disabled === undefined ? { address, port: Number(port), weight: Number(weight) } : null);
  }
  return book;
}

/** A configuration without what {@link slotCommands} can change. */
export const frameOf = (configuration: string): string =>
  configuration.replace(/^( {4}server \S+) .*$/gm, '$1');

/** A slot that is to change, and what HAProxy has to be told. */
export interface SlotChange {
  readonly backend: string;
  readonly name: string;
  readonly server: PlannedServer | null;
  readonly commands: readonly string[];
}

/** How one configuration becomes another of the same frame. */
export function slotChanges(before: SlotBook, now: SlotBook): SlotChange[] {
  return [...now].flatMap(([backend, slots]) =>
    slots.flatMap((server, at): SlotChange[] => {
      const old = before.get(backend)?.[at] ?? null;
      const name = `endpoint_${at}`;
      const commands = commandsOf(old, server).map((rest) => `set server ${backend}/${name} ${rest}`);
      return commands.length === 0 ? [] : [{ backend, name, server, commands }];
    }),
  );
}

/** Connections that a server has are left alone whatever becomes of it. */
function commandsOf(old: PlannedServer | null, now: PlannedServer | null): string[] {
  if (now === null) return old === null ? [] : ['state maint'];
  const moved = old === null || nameOf(old) !== nameOf(now);
  return [
    ...(moved ? [`addr ${now.address} port ${now.port}`] : []),
    ...(moved || old.weight !== now.weight ? [`weight ${now.weight}`] : []),
    ...(moved ? ['state ready'] : []),
  ];
}

/** Whether `show servers state` says of a slot what it is to be. */
export function isDone({ backend, name, server }: SlotChange, states: readonly ServerState[]): boolean {
  const state = states.find((one) => one.backend === backend && one.name === name);
  if (state === undefined) return false;
  if (server === null) return state.maintenance;
  const { address, port, weight } = server;
  return !state.maintenance && state.address === address && state.port === port && state.weight === weight;
}

/** A server as HAProxy has it. */
export interface ServerState extends PlannedServer {
  readonly backend: string;
  readonly name: string;
  readonly maintenance: boolean;
}

/** Bits of `srv_admin_state` that keep a server from use: forced, inherited, no address. That it began so is 0x04. */
const MAINTENANCE = 0x01 | 0x02 | 0x20;

/** Reads `show servers state`. */
export function parseServerStates(text: string): ServerState[] {
  const lines = text.split('\n');
  const columns = (lines.find((line) => line.startsWith('# ')) ?? '').slice(2).split(' ');
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' '))
    .filter((fields) => fields.length === columns.length)
    .map((fields) => {
      const field = (name: string): string => fields[columns.indexOf(name)] ?? '';
      return {
        backend: field('be_name'),
        name: field('srv_name'),
        address: field('srv_addr'),
        port: Number(field('srv_port')),
        weight: Number(field('srv_uweight')),
        maintenance: (Number(field('srv_admin_state')) & MAINTENANCE) !== 0,
      };
    });
}
