// SPDX-License-Identifier: Apache-2.0
// What the load program makes, connection by connection, computed from its options and not from any record.

const STEP = 7919; // client.c, pick()

const span = (text) => {
  const [least, most = least] = String(text).split('-').map(Number);
  return { least, most };
};

const pick = ({ least, most }, index) => least + ((index * STEP) % (most - least + 1));

/** `"9000-9003,9010"` as a list. */
export function portList(text) {
  return String(text)
    .split(',')
    .flatMap((part) => {
      const { least, most } = span(part);
      return Array.from({ length: most - least + 1 }, (_, index) => least + index);
    });
}

/**
 * How often the load makes a connection to this address and port that carries so many bytes each way.
 * @param {{ address: string | string[], port: string, connections: number, send: string, receive: string,
 *   ending?: string }[]} loads options of the load program
 * @returns {Map<string, number>} by {@link planKey}
 */
export function loadPlan(loads) {
  const plan = new Map();
  for (const { address, port, connections, send, receive, ending } of loads) {
    const addresses = [address].flat();
    const ports = portList(port);
    const [request, response] = [span(send), span(receive)];
    for (let index = 0; index < connections; index += 1) {
      const key = planKey({
        address: addresses[index % addresses.length],
        port: ports[Math.floor(index / addresses.length) % ports.length],
        sent: pick(request, index) + (ending === 'server-resets' ? 1 : 0), // the byte that asks for the reset
        received: pick(response, index),
      });
      plan.set(key, (plan.get(key) ?? 0) + 1);
    }
  }
  return plan;
}

export const planKey = ({ address, port, sent, received }) => `${address} ${port} ${sent} ${received}`;

/** Bytes of a whole plan. */
export function planBytes(plan) {
  const sum = { sent: 0, received: 0 };
  for (const [key, count] of plan) {
    const [, , sent, received] = key.split(' ').map(Number);
    sum.sent += sent * count;
    sum.received += received * count;
  }
  return sum;
}

/**
 * How many connections were found that the plan does not have, and how many it has that were not found.
 * @param {Map<string, number>} plan @param {Map<string, number>} found
 */
export function differences(plan, found) {
  let unexplained = 0;
  let absent = 0;
  for (const key of new Set([...plan.keys(), ...found.keys()])) {
    const more = (found.get(key) ?? 0) - (plan.get(key) ?? 0);
    if (more > 0) unexplained += more;
    else absent -= more;
  }
  return { unexplained, absent };
}
