// SPDX-License-Identifier: Apache-2.0
import { UndermeshError } from '@undermesh/core';

/** Every error of this program, with what to do. docs/errors.md lists them; a test compares the two. */
export const CLI_ERRORS = {
  usage_invalid: 'See --help.',
  token_unreadable: 'Point --token-file at a file that holds the operator token and that you can read.',
  authority_unreadable: 'Point --ca at a PEM file that you can read, or give sha256:FINGERPRINT.',
  collector_untrusted:
    'Give its authority: --ca FILE or sha256:FINGERPRINT, or UNDERMESH_CA; undermesh-collector authority prints both.',
  unreachable:
    'Start the collector (npm start), or say where it is: --collector URL, or UNDERMESH_COLLECTOR.',
  answer_invalid:
    'Check that --collector is the address of a collector, of the same release as this program.',
  workload_unknown:
    'undermesh top --once lists what talks; a longer --window or --system may hold what you look for.',
  workload_ambiguous: 'Say which one, as named here.',
  no_node_matches: 'undermesh engine lists the nodes; -o json shows their labels.',
  orders_refused: 'See above for what each node needs; the others have taken the order.',
  engine_not_in_force: 'undermesh engine shows what holds a node up; the order stands.',
  node_unwell: 'See above for what to do.',
  bundle_unwritable:
    'Give a file that does not exist yet, in a directory that can be written to: --file FILE.',
  doctor_missing: 'Install the agent on this node, or say where it is: --agent PROGRAM.',
} as const;

/** A code of {@link CLI_ERRORS}. */
export type CliErrorCode = keyof typeof CLI_ERRORS;

/** Whose mistake is the caller's own: exit status 2. */
const USAGE_CODES: ReadonlySet<string> = new Set<CliErrorCode>([
  'usage_invalid',
  'token_unreadable',
  'authority_unreadable',
]);

/** What to do about those answers of the collector that a flag of this program mends. */
const ADVICE_ON_PROBLEMS: Readonly<Record<string, string>> = {
  token_required: 'Pass the operator token: --token-file FILE, or UNDERMESH_TOKEN.',
  token_wrong: 'Pass the token that is valid now; lost? undermesh-collector token reset makes a new one.',
  host_not_allowed: 'Call the collector by its address, or add the name to collector.hosts.',
  not_found: 'The collector may be of an older release than this program.',
};

/** Makes an error of the catalogue: the message is what happened, followed by what to do. */
export function cliError(code: CliErrorCode, happened: string, cause?: unknown): UndermeshError {
  return new UndermeshError({ code, message: `${happened} ${CLI_ERRORS[code]}`, cause });
}

/** What happened, without the advice of the catalogue: for those who are already doing something about it. */
export function happenedIn({ code, message }: UndermeshError): string {
  const advice: string | undefined = CLI_ERRORS[code as CliErrorCode];
  return advice === undefined ? message : message.replace(advice, '').trimEnd();
}

/** What the collector answered instead of data (RFC 9457), as an error of its own code that says what to do. */
export function problemError(problem: {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail?: string | undefined;
}): UndermeshError {
  const advice = ADVICE_ON_PROBLEMS[problem.code];
  const said = `The collector says: ${problem.detail ?? problem.title}`;
  const message = advice === undefined ? said : `${said.replace(/(?<![.!?])$/, '.')} ${advice}`;
  return new UndermeshError({ code: problem.code, status: problem.status, message });
}

/** 2 for bad usage, 1 for everything else. */
export const exitStatusOf = (thrown: unknown): 1 | 2 =>
  thrown instanceof UndermeshError && USAGE_CODES.has(thrown.code) ? 2 : 1;
