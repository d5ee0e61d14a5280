// SPDX-License-Identifier: Apache-2.0
import { clients } from '../clients/index.mjs';
import { WAYS } from '../mesh.mjs';
import { byHost, rejected, routed, unmatched } from '../requests.mjs';

/** Of each service, what is asked for. What is refused comes last: it ends the connection. */
const plans = [
  { service: 'front', requests: [...routed, ...rejected] },
  { service: 'strict', requests: unmatched },
  { service: 'hosts', requests: byHost },
];

/** They take the host from the URL, whatever the fields say. */
const HOSTLESS = ['Node.js fetch'];

/** Of wrong answers, how many are told. */
const TOLD = 4;

/** Every client asks for everything, over IPv4, IPv6 and IPv4 out of IPv6 sockets at the same time. */
export async function askByEveryClient(mesh) {
  for (const [name, client] of Object.entries(clients)) {
    const results = await Promise.all(
      Object.keys(WAYS).map((way) => askForAll(mesh, client, { name, authorityOf: WAYS[way] })),
    );
    for (const [at, way] of Object.keys(WAYS).entries()) {
      const { asked, wrong } = results[at];
      mesh.findings.holds(
        `${name}, ${way}`,
        wrong.length === 0,
        wrong.length === 0
          ? `${asked} requests, each answered by whom its route names`
          : `${wrong.length} of ${asked} wrong: ${wrong.slice(0, TOLD).join('; ')}`,
      );
    }
  }
}

async function askForAll(mesh, client, { name, authorityOf }) {
  const wrong = [];
  let asked = 0;
  for (const { service, requests } of plans) {
    if (service === 'hosts' && HOSTLESS.includes(name)) continue;
    const answers = await client(mesh, authorityOf(service), requests);
    asked += requests.length;
    for (const [at, { what, answer }] of requests.entries())
      if (answers[at] !== answer) wrong.push(`${service}, ${what}: ${answers[at]} for ${answer}`);
  }
  return { asked, wrong };
}
