// SPDX-License-Identifier: Apache-2.0
// Every program of every eBPF object: loaded by this kernel on its own, so that each gets its verdict, and attached.
import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { encodeEngineConfig, encodeObserveConfig } from '@undermesh/bpf-abi';
import { cgroupId, findCgroup2Mount, openObject, readObjectSpec, VerifierError } from '@undermesh/libbpf-ts';
import { root } from '../../paths.mjs';

const directory = join(root, 'bpf/dist');

/** They call the kernel module: without it no kernel can judge them. */
const NEED_MODULE = ['kernel_native.bpf.o', 'kernel_native_classifier.bpf.o'];

/** Lines of a verifier's log that say why: the last ones before its statistics. */
const REASON_LINES = 6;

/**
 * @typedef {object} ProgramCheck
 * @property {string} object
 * @property {string} program
 * @property {string} section
 * @property {number} [instructions] that the verifier walked through; absent when it refused
 * @property {boolean} attached
 * @property {string} [refusal] the end of the verifier's log, or the error of the attachment
 */

/** Tries every program. @returns {ProgramCheck[]} */
export function checkObjects() {
  const cgroup = join(findCgroup2Mount(), `undermesh-kernels-${process.pid}`);
  mkdirSync(cgroup);
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.bpf.o'))
      .filter((name) => !NEED_MODULE.includes(name) || existsSync('/sys/module/undermesh'))
      .sort()
      .flatMap((name) => checkObject(name, cgroup));
  } finally {
    rmdirSync(cgroup);
  }
}

function checkObject(name, cgroup) {
  const spec = readObjectSpec(join(directory, name));
  return spec.programs.map(({ name: program, section }) => ({
    object: name,
    program,
    section,
    ...tryProgram(name, program, { spec, cgroup }),
  }));
}

/** Loads one program without the others of its object, and attaches it. */
function tryProgram(name, wanted, { spec, cgroup }) {
  const object = openObject(join(directory, name));
  try {
    for (const { name: program } of spec.programs) object.setAutoload(program, program === wanted);
    if (name in configOf) configure(object, configOf[name](cgroup));
    object.load();
    const program = object.program(wanted);
    const { verifiedInstructions } = program.info();
    try {
      attach(program, object, cgroup).close();
      return { instructions: verifiedInstructions, attached: true };
    } catch (error) {
      return { instructions: verifiedInstructions, attached: false, refusal: error.message };
    }
  } catch (error) {
    const refusal = error instanceof VerifierError ? lastLines(error.log) : error.message;
    return { attached: false, refusal };
  } finally {
    object.close();
  }
}

/** What an agent on this cgroup would set: every branch that constants can switch off is on. */
const configOf = {
  'observe.bpf.o': (cgroup) =>
    encodeObserveConfig({
      cgroupId: cgroupId(cgroup),
      cgroupLevel: 1,
      owner: 1,
      marksOwnership: 1,
      progressIntervalMs: 5000,
    }),
  'dual_engine.bpf.o': () => encodeEngineConfig({ owner: 1, marksOwnership: 1 }),
};

function configure(object, config) {
  object.setRodata((view) => new Uint8Array(view.buffer, view.byteOffset).set(config));
}

function attach(program, object, cgroup) {
  if (program.attachType?.startsWith('cgroup_')) return program.attachCgroup(cgroup);
  if (program.section === 'iter/bpf_sk_storage_map')
    return program.attachIter({ map: object.map('connections') });
  if (program.type === 'sk_msg') return attachToSockets(program, object);
  return program.attach();
}

/** What such a program attaches to has no link. */
function attachToSockets(program, object) {
  const sockets = object.maps().find(({ type }) => type === 'sockhash');
  program.attachMap(sockets);
  return { close: () => program.detachMap(sockets) };
}

const lastLines = (log) =>
  log
    .split('\n')
    .filter(
      (line) => line.trim() !== '' && !/^(verification time|stack depth|peak_states|processed \d)/.test(line),
    )
    .slice(-REASON_LINES)
    .join('\n');
