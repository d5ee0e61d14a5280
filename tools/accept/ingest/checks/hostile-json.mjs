// SPDX-License-Identifier: Apache-2.0
// Control messages that are hostile: no JSON, hardly JSON, or JSON of the wrong shape.

const deep = 20_000;

const texts = [
  '',
  '{',
  'null',
  '[]',
  '0',
  '"hello"',
  '{"node":',
  '{"node":1,"node":2}',
  '{"__proto__":{"node":"neighbour"},"constructor":{"prototype":{}}}',
  '{"full":true,"workloads":{"length":1e9},"listeners":[],"namespaces":[]}',
  '{"full":true,"workloads":[{"id":1e999}],"listeners":[],"namespaces":[]}',
  '{"full":true,"workloads":[],"listeners":[{"netnsCookie":"99999999999999999999","address":"::ffff:1.2.3.4","port":0}],"namespaces":[]}',
  '{"records":{"made":-1}}',
  '{"records":{"made":1e999,"lost":{"__proto__":1}}}',
  '{"node":"\\ud800","cluster":"\\u0000"}',
  `${'['.repeat(deep)}${']'.repeat(deep)}`,
  `${'{"a":'.repeat(deep)}0${'}'.repeat(deep)}`,
  `{"node":"${'n'.repeat(100_000)}"}`,
  `{"full":false,"workloads":[${'{},'.repeat(25_000)}{}],"listeners":[],"namespaces":[]}`,
].map((text) => Buffer.from(text));

/** @param {import('./chance.mjs').Chance} chance @returns {Uint8Array} the payload of a control frame */
export function hostileJson(chance) {
  if (chance.once(8)) return Buffer.from([0xff, 0xfe, 0x7b]);
  const text = Buffer.from(chance.once(16) ? chance.of(texts) : chance.of(texts.slice(0, 15)));
  if (text.length > 0 && chance.once(4)) text[chance.below(text.length)] = chance.word();
  return text;
}
