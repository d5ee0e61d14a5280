// SPDX-License-Identifier: Apache-2.0
import { LIMITS } from '../manifests.mjs';
import { targetOf } from '../mesh.mjs';

const REQUESTS = 10_000;
const TOLERANCE = 0.02;

/** What one too many meets: a connection may be refused before it has a request. */
const REFUSALS = ['send ECONNREFUSED', 'connect ECONNREFUSED'];

/** More requests than a route may have, and more connections than a service may have. */
export async function holdLimits(mesh) {
  const { requestsPerS, burst, connections } = LIMITS;
  const often = await askTooMuch(mesh, {
    target: targetOf('metered', 'IPv4'),
    threads: 8,
    requestsPerS: 2.5 * requestsPerS,
  });
  mesh.findings.near(`${requestsPerS} requests per second and ${burst} at once: answered`, often.done, {
    expected: burst + (requestsPerS * often.elapsedMs) / 1000,
    tolerance: TOLERANCE,
  });
  const wide = await askTooMuch(mesh, {
    target: targetOf('crowded', 'IPv4'),
    threads: 2 * connections,
    perConnection: 1,
    holdMs: 1500,
  });
  mesh.findings.near(`${connections} connections: held at once`, wide.mostOpen, {
    expected: connections,
    tolerance: TOLERANCE,
  });
}

async function askTooMuch(mesh, options) {
  const asked = await mesh.ask({ request: 'GET / a', requests: REQUESTS, ...options });
  const refused = REFUSALS.reduce((sum, name) => sum + (asked.failed[name] ?? 0), 0);
  const service = options.target;
  mesh.findings.tell(`${service}: requests`, asked.made);
  mesh.findings.equal(`${service}: answered, or refused`, asked.done + refused, asked.made);
  mesh.findings.equal(`${service}: wrong answers`, asked.wrong, 0);
  return asked;
}
