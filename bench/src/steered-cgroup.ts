// SPDX-License-Identifier: Apache-2.0
import {
  AddressFamily,
  Balancing,
  DUAL_ENGINE_PROGRAMS,
  Engine,
  encodeEndpoint,
  encodeEngineConfig,
  encodeEngineState,
  encodeService,
  encodeServiceKey,
  encodeSlot,
  encodeSlotKey,
} from '@undermesh/bpf-abi';
import { type BpfObject, openObject } from '@undermesh/libbpf-ts';
// The agent's own: nobody's API.
import { addressBytes } from '../../apps/agent/dist/mesh/address-bytes.js';
import { dualEngineObject } from './objects.js';
import { close, opened, type TimedPrograms, timed } from './observed-cgroup.js';

const TCP = 6;
const HOOKS = ['connect4', 'connect6', 'sendmsg4', 'sendmsg6'] as const;

/** Programs of the engine that are attached; the others are gone to from these. */
export const STEERING_PROGRAMS = DUAL_ENGINE_PROGRAMS.filter((name) => !name.startsWith('dual_'));

/** A service of one endpoint, both of one family. */
export interface OneService {
  readonly address: string;
  readonly port: number;
  readonly endpoint: { readonly address: string; readonly port: number };
}

/** The dual engine on a cgroup, as an agent attaches it, with one service. */
export function steerCgroup(directory: string, service: OneService): TimedPrograms {
  const object = openObject(dualEngineObject);
  return opened(object, () => {
    object.setRodata(encodeEngineConfig({ owner: process.pid, marksOwnership: 0 }));
    object.load();
    for (const hook of HOOKS) {
      object
        .map(`${hook}_programs`)
        .update(number(Engine.DUAL_ENGINE), number(object.program(`dual_${hook}`).fd));
    }
    serve(object, service);
    const state = encodeEngineState({ engine: Engine.DUAL_ENGINE, generation: 1 });
    object.map('engine_state').update(number(0), state);
    const links = STEERING_PROGRAMS.map((name) => {
      const program = object.program(name);
      return program.type === 'tracing' ? program.attach() : program.attachCgroup(directory);
    });
    return timed(object, STEERING_PROGRAMS, () => close(links));
  });
}

const ENDPOINT_ID = 1;
const SLOTS_ID = 1;

function serve(object: BpfObject, { address, port, endpoint }: OneService): void {
  object.map('endpoints').update(
    number(ENDPOINT_ID),
    encodeEndpoint({
      address: addressBytes(endpoint.address),
      port: endpoint.port,
      family: familyOf(endpoint.address),
      flags: 0,
      slotsId: SLOTS_ID,
      weight: 1,
    }),
  );
  const health = object.map('endpoint_health');
  health.update(number(ENDPOINT_ID), new Uint8Array(health.valueSize));
  const slot = { threshold: 0xffffffff, endpointId: ENDPOINT_ID, otherEndpointId: ENDPOINT_ID };
  object.map('slots').update(encodeSlotKey({ slotsId: SLOTS_ID, group: 0, slot: 0 }), encodeSlot(slot));
  const groupSlots = new Uint8Array(32);
  groupSlots[0] = 1;
  object.map('services').update(
    encodeServiceKey({ address: addressBytes(address), port, family: familyOf(address), protocol: TCP }),
    encodeService({
      serviceId: 1,
      slotsId: SLOTS_ID,
      vipId: 1,
      waypointId: 0,
      balancing: Balancing.WEIGHTED_RANDOM,
      groupCount: 1,
      waypointTransport: 0,
      flags: 0,
      groupSlots,
      routesId: 0,
      graceMs: 0,
      maxConnections: 0,
      reserved: 0,
    }),
  );
}

const familyOf = (address: string): number =>
  address.includes(':') ? AddressFamily.IPV6 : AddressFamily.IPV4;

function number(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
