// SPDX-License-Identifier: Apache-2.0
// Asks a collector for everything that its dashboard and its Prometheus ask for, again and again.
import { setTimeout as pause } from 'node:timers/promises';

const paths = [
  '/api/v1/status',
  '/api/v1/nodes',
  '/api/v1/topology?level=workload&window=900',
  '/api/v1/topology?level=node&window=300',
  '/api/v1/edges?level=workload&window=900',
  '/api/v1/connections?limit=20',
  '/api/v1/changes',
  '/metrics',
];

export class Onlooker {
  answers = 0;
  failures = new Set();
  slowest = { ms: 0, path: '' };
  #going = true;
  #over;

  constructor(url) {
    this.#over = this.#look(url);
  }

  async stop() {
    this.#going = false;
    await this.#over;
  }

  /** @param {import('../../road/checks/findings.mjs').Findings} findings */
  judge(findings) {
    findings.tell('answers of the API and of /metrics meanwhile', this.answers);
    findings.equal('of these failed', [...this.failures].join('; ') || 'none', 'none');
    findings.tell('slowest answer', `${this.slowest.path} ${Math.round(this.slowest.ms)} ms`);
  }

  async #look(url) {
    while (this.#going) {
      for (const path of paths) {
        const start = performance.now();
        try {
          const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(60_000) });
          const text = await response.text();
          if (!response.ok) this.failures.add(`${path}: ${response.status} ${text.slice(0, 200)}`);
        } catch (error) {
          this.failures.add(`${path}: ${error.message}`);
        }
        this.answers += 1;
        const ms = performance.now() - start;
        if (ms > this.slowest.ms) this.slowest = { ms, path };
      }
      await pause(2000);
    }
  }
}
