// SPDX-License-Identifier: Apache-2.0
import { HttpMethod, HttpSampleFlag, type HttpSampleValue, Reporter } from '@undermesh/bpf-abi';
import { type Observed, type Requests, Scenario, type TestCgroup } from './observed.js';

/** Steps of http-script.c for bytes of text. */
export const client = (text: string): string => `client ${hex(text)}`;
export const server = (text: string): string => `server ${hex(text)}`;

const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');

/** Plays a script in a cgroup, to its end. */
export async function play(program: string, cgroup: TestCgroup, steps: readonly string[]): Promise<void> {
  const scenario = new Scenario(program, cgroup, []);
  scenario.feed(`${steps.join('\n')}\n`);
  await scenario.finished();
}

/** What one end says of its requests: one line each, with the flags that are set. */
export interface Seen {
  readonly samples: readonly string[];
  readonly requestBytes: number;
  readonly responseBytes: number;
}

const METHODS = new Map<number, string>(Object.entries(HttpMethod).map(([name, value]) => [value, name]));
const FLAGS = Object.entries(HttpSampleFlag);

/** A sample as text: `GET 200`, `POST 0 UNANSWERED`. */
export function describeSample({ method, status, flags }: HttpSampleValue): string {
  const set = FLAGS.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
  return [METHODS.get(method), status, ...set].join(' ');
}

/** The requests of all connections, as the ends on one side reported them. */
export function seenBy(reporter: number, requests: readonly Requests[]): Seen {
  const own = requests.filter(({ connection }) => connection.reporter === reporter);
  return {
    samples: own.flatMap(({ samples }) => samples.map(describeSample)),
    requestBytes: own.reduce((sum, { requestBytes }) => sum + Number(requestBytes), 0),
    responseBytes: own.reduce((sum, { responseBytes }) => sum + Number(responseBytes), 0),
  };
}

/** What both ends saw; throws when they differ. */
export function seen(observed: Observed): Seen {
  const { requests } = observed.read();
  const source = seenBy(Reporter.SOURCE, requests);
  const destination = seenBy(Reporter.DESTINATION, requests);
  if (JSON.stringify(source) !== JSON.stringify(destination)) {
    throw new Error(`the ends differ: ${JSON.stringify({ source, destination })}`);
  }
  return source;
}
