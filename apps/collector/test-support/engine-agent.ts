// SPDX-License-Identifier: Apache-2.0
import type { EngineReport, Hello } from '@undermesh/schema';
import type { FakeAgent } from './fake-agent.js';

const QUIET: Required<Omit<EngineReport, 'refused' | 'nodeLabel'>> = {
  desired: 'off',
  observed: 'off',
  generation: 0,
  desiredSeen: 0,
  configured: 'off',
  drift: [],
  unavailable: {},
  connections: 0,
  draining: [],
  hooks: [],
};

/** A fake agent that speaks of an engine, and carries out orders when it is told to. */
export class EngineAgent {
  readonly wire: FakeAgent;
  engine: EngineReport;

  constructor(wire: FakeAgent, engine: Partial<EngineReport> = {}) {
    this.wire = wire;
    this.engine = { ...QUIET, ...engine };
  }

  async connect(hello: Partial<Hello> = {}): Promise<void> {
    await this.wire.connect({ engine: this.engine, ...hello });
    this.say({});
  }

  say(change: Partial<EngineReport>): void {
    this.engine = { ...this.engine, ...change };
    this.wire.report({ engine: this.engine });
  }

  async leave(): Promise<void> {
    this.wire.kill();
    await this.wire.until(() => this.wire.ending !== null);
  }

  /** Waits for the order of a generation. */
  async ordered(generation: number): Promise<void> {
    await this.wire.until(() => this.wire.commands.some((command) => command.generation === generation));
  }

  /** Carries out the newest order. */
  obey(): void {
    const { engine, generation } = this.wire.commands.at(-1) ?? { engine: 'off', generation: 0 };
    this.say({ desired: engine, observed: engine, generation, desiredSeen: generation });
  }
}
