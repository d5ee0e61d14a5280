// SPDX-License-Identifier: Apache-2.0
import { chiSquare, chiSquareLimit } from '../../accept/balancing/checks/chi-square.mjs';
import { WEIGHTS } from '../manifests.mjs';
import { targetOf, WAYS } from '../mesh.mjs';

const backends = Object.keys(WEIGHTS);
const limit = chiSquareLimit(backends.length - 1);

/** Requests of one rule, shared out by weight: on connections that are kept, and each on one of its own. */
export async function shareByWeight(mesh) {
  const target = Object.keys(WAYS).map((way) => targetOf('front', way));
  for (const [how, perConnection] of Object.entries({ 'on kept connections': 0, 'each on its own': 1 })) {
    const options = { target, request: 'GET /weighted *', requests: 3000, threads: 6, perConnection };
    const { done, made, answers } = await mesh.ask(options);
    const counts = backends.map((name) => answers[name] ?? 0);
    const statistic = chiSquare(counts, Object.values(WEIGHTS));
    mesh.findings.equal(
      `weights, ${how}: answered by others`,
      made - counts.reduce((sum, one) => sum + one),
      0,
    );
    mesh.findings.holds(
      `weights ${Object.values(WEIGHTS).join(':')}, ${how}: chi-square within ${limit.toFixed(1)}`,
      done === made && statistic <= limit,
      `${statistic.toFixed(2)} of ${counts.join(', ')}`,
    );
  }
}
