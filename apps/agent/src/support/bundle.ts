// SPDX-License-Identifier: Apache-2.0
import { UndermeshError } from '@undermesh/core';
import { Findings } from '@undermesh/schema';
import {
  Bundle,
  kept,
  keptSettings,
  logTail,
  platform,
  reducedMetrics,
  type WrittenBundle,
  wayTo,
} from '@undermesh/support';
import { type AgentConfigSources, loadAgentConfig } from '../config/load.js';
import { AgentConfig } from '../config/schema.js';
import { examine } from '../doctor/doctor.js';
import { libbpfVersion } from '../kernel/index.js';
import { agentVersion } from '../version.js';
import { attachedHere, mapOccupancy, moduleState, objectTrials, pinned } from './kernel-parts.js';
import { cgroupFacts, mountFacts, settingFiles, spoolState } from './places.js';

/** What a bundle of this node is to hold. */
export interface SupportOptions {
  /** File to write; must not exist. */
  readonly file: string;
  /** How far log lines go back. */
  readonly minutes: number;
  readonly anonymise: boolean;
  /** A file of the agent's log lines; without it, the journal of the unit `undermesh-agent`. */
  readonly log?: string | undefined;
}

const PATIENCE_MS = 5_000;

/**
 * Writes what a report on this node needs, whether its agent runs or not, and without a collector. It changes nothing, and
 * holds no secrets. Rejects only where the file cannot be written.
 */
export async function supportBundle(
  sources: AgentConfigSources,
  { file, minutes, anonymise, log }: SupportOptions,
): Promise<WrittenBundle> {
  const version = agentVersion();
  const bundle = new Bundle({ program: 'undermesh-agent', version, anonymise });
  const { redactor } = bundle;
  const { config, problem } = read(sources);
  for (const name of [config.node, config.cluster, config.instance]) redactor.name(name);
  let trials: ReturnType<typeof objectTrials> | undefined;
  const tried = () => (trials ??= objectTrials(config));
  const served = `http://${config.listen.host}:${config.listen.port}`;

  await bundle.add('versions.json', 'versions of the agent, of what it runs on and of libbpf', () => ({
    agent: version,
    ...platform(),
    libbpf: versionOfLibbpf(),
  }));
  await bundle.add('configuration.json', 'settings in force, and which come from the environment', () => ({
    problem: problem === null ? null : redactor.text(problem),
    agent: keptSettings('agent', { schema: AgentConfig, config }, redactor),
  }));
  await bundle.add('files.json', 'owner, mode and size of what settings point to', () =>
    settingFiles(config),
  );
  await bundle.add(
    'doctor.json',
    "the doctor's report",
    async () => kept(Findings, await examine(sources), redactor) as object,
  );
  await bundle.add('readiness.json', 'whether the agent that runs is ready', async () => {
    const { status, text } = await answerOf(`${served}/readyz`);
    const { reasons = [] } = JSON.parse(text) as { reasons?: string[] };
    return { status, reasons: reasons.map((reason) => redactor.text(reason)) };
  });
  await bundle.add('metrics.prom', 'metrics of the agent that runs, the ledger among them', async () =>
    reducedMetrics((await answerOf(`${served}/metrics`)).text, redactor),
  );
  await bundle.add('log.jsonl', `log lines of the last ${minutes} min`, () =>
    logTail({ file: log, unit: 'undermesh-agent', minutes }, redactor),
  );
  await bundle.add('pins.json', 'pins of this instance: programs, links and maps', () =>
    pinned(config, redactor),
  );
  await bundle.add('maps.json', 'how full the maps of this instance are', () => mapOccupancy(config));
  await bundle.add('attached.json', "programs of whomever at the agent's hooks", () => attachedHere(config));
  await bundle.add('objects.json', 'whether this kernel takes the eBPF objects', () => tried().results);
  await bundle.add('verifier.log', "the verifier's words on those that it refuses", () => tried().log);
  await bundle.add('module.json', 'the kernel module of kernel-native: what it is, what it counted', () =>
    moduleState(),
  );
  await bundle.add('cgroups.json', 'the cgroup that is observed, and its controllers', () =>
    cgroupFacts(config),
  );
  await bundle.add('mounts.json', 'where cgroup2, bpffs and the like are mounted', () => mountFacts());
  await bundle.add('spool.json', 'frames that wait on disk', () => spoolState(config, redactor));
  await bundle.add('network.json', 'the way to the collector', () => wayTo(config.collector.url, redactor));
  return bundle.write(file);
}

/** A configuration that cannot be used is a fact like any other; the rest is then looked at as by default. */
function read(sources: AgentConfigSources): { config: AgentConfig; problem: string | null } {
  try {
    return { config: loadAgentConfig(sources), problem: null };
  } catch (error) {
    if (!(error instanceof UndermeshError)) throw error;
    return { config: loadAgentConfig({ file: '/dev/null', env: {}, flags: {} }), problem: error.message };
  }
}

function versionOfLibbpf(): string | null {
  try {
    return libbpfVersion();
  } catch {
    return null;
  }
}

async function answerOf(url: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  return { status: answer.status, text: await answer.text() };
}
