// SPDX-License-Identifier: Apache-2.0
// Texts from outside, as words of HAProxy's configuration language (its manual, sections 2.2, 2.3 and 8.2.4).
import { agentError } from '../errors.js';

/** All but the tab. */
const CONTROL = /[^\P{Cc}\t]/u;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;
const ADDRESS = /^[0-9A-Fa-f:.]+$/;

/** One word that means exactly this text: within single quotes nothing but the quote itself is special. */
export function quote(text: string): string {
  if (text === '') throw unusable(text, 'it is empty');
  if (CONTROL.test(text)) throw unusable(text, 'it holds a control character');
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A part of an address to go to: one that held a space would end it, and what follows be something else. */
export function visible(text: string): string {
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw unusable(text, 'only visible ASCII characters can stand in a path or host name');
}

/** A text as part of a format, in which `%` begins a variable. Still to be quoted. */
export const literal = (text: string): string => text.replaceAll('%', '%%');

/** The name of a header or parameter, as an argument in parentheses, where quoting does not reach. */
export function argument(name: string): string {
  if (NAME.test(name)) return name;
  throw unusable(
    name,
    'only letters, digits, ".", "-" and "_" can stand in the name of a header or parameter to match',
  );
}

/** `10.0.0.1:80`, `ipv6@fd00::1:80`. */
export function socketAddress(address: string, port: number): string {
  if (!ADDRESS.test(address)) throw unusable(address, 'it is no IP address');
  return `${address.includes(':') ? 'ipv6' : 'ipv4'}@${address}:${port}`;
}

const unusable = (text: string, why: string): Error =>
  agentError(
    'waypoint_unrenderable',
    `${JSON.stringify(text.slice(0, 200))} cannot be put into HAProxy's configuration: ${why}.`,
  );
