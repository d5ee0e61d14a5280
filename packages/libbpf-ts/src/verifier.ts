// SPDX-License-Identifier: Apache-2.0
import { errnoName, VerifierError } from './errors.js';
import type { Failure } from './failure.js';

/**
 * The error for a load that the verifier ended: libbpf has the kernel write a log only for the program that it
 * refused. Undefined when no log was written, so that something else went wrong.
 * @param logs log memory by program, NUL-terminated.
 */
export function verifierError(
  errno: number,
  logs: ReadonlyMap<string, Uint8Array>,
  failure: Failure,
): VerifierError | undefined {
  for (const [program, memory] of logs) {
    if (memory[0] === 0) continue;
    const log = Buffer.from(memory.buffer, memory.byteOffset, memory.indexOf(0)).toString('utf8').trimEnd();
    const message = `The kernel's verifier refused program '${program}' (${errnoName(errno)}): ${verdict(log)} The whole log is in .log.`;
    return new VerifierError(message, { ...failure, code: 'BPF_VERIFIER', errno, program, log });
  }
  return undefined;
}

const summary =
  /^(processed \d+ insns|verification time|stack depth|peak_states|max_states|-- |The sequence of)/;

/** The last line of a log that is not a statistic, with the instruction before it. */
function verdict(log: string): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '' && !summary.test(line));
  const last = lines.at(-1) ?? 'no reason given';
  const instruction = lines.slice(0, -1).findLast((line) => /^\d+: \([0-9a-f]{2}\)/.test(line));
  return instruction === undefined ? `${last}.` : `${last}, at ${instruction}.`;
}
