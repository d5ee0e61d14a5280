// SPDX-License-Identifier: Apache-2.0
// Writes the generated TypeScript and the table of record fields.

const camel = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());
const pascal = (name) => camel(`_${name}`);
const GETTERS = {
  u8: 'getUint8',
  u16: 'getUint16',
  u32: 'getUint32',
  s32: 'getInt32',
  u64: 'getBigUint64',
  s64: 'getBigInt64',
};
const TYPES = {
  u8: 'number',
  u16: 'number',
  u32: 'number',
  s32: 'number',
  u64: 'bigint',
  s64: 'bigint',
  text: 'string',
  bytes: 'Uint8Array',
};

/** Comments that stand behind members in the header, by `struct.member` or by enumerator. */
export function readComments(header) {
  const comments = new Map();
  let scope = '';
  for (const line of header.split('\n')) {
    scope = /^struct (\w+) \{/.exec(line)?.[1] ?? (/^enum (\w+) \{/.test(line) ? '' : scope);
    const member = /^\t(?:__[us]\d+|char) (\w+)(?:\[\d+\])?(?: UNIT\("\w+"\))?;\s*\/\* (.*) \*\//.exec(line);
    if (member) comments.set(`${scope}.${member[1]}`, member[2]);
    const value = /^\t([A-Z0-9_]+) = \d+,\s+\/\* (.*) \*\//.exec(line);
    if (value) comments.set(value[1], value[2]);
  }
  return comments;
}

const doc = (indent, parts) => {
  const text = parts.filter(Boolean).join('; ');
  return text ? `${indent}/** ${text}. */\n` : '';
};

function writeEnum({ name, values }, comments) {
  const prefix = `${name.toUpperCase()}_`;
  const rows = values.map(
    ({ name: value, value: number }) =>
      `${doc('  ', [comments.get(value)])}  ${value.startsWith(prefix) ? value.slice(prefix.length) : value}: ${number},\n`,
  );
  return `/** \`enum ${name}\`. */\nexport const ${pascal(name)} = {\n${rows.join('')}} as const;\n`;
}

const reader = ({ type, offset, size }) => {
  if (type === 'text') return `readText(bytes, offset + ${offset}, ${size})`;
  if (type === 'bytes') return `bytes.slice(offset + ${offset}, offset + ${offset + size})`;
  return type === 'u8'
    ? `view.getUint8(offset + ${offset})`
    : `view.${GETTERS[type]}(offset + ${offset}, true)`;
};

const writer = ({ type, name, offset, size }) => {
  const value = `value.${camel(name)}`;
  if (type === 'text') return `writeText(bytes, ${offset}, ${size}, ${value});`;
  if (type === 'bytes') return `bytes.set(${value}.subarray(0, ${size}), ${offset});`;
  const setter = GETTERS[type].replace('get', 'set');
  return type === 'u8' ? `view.setUint8(${offset}, ${value});` : `view.${setter}(${offset}, ${value}, true);`;
};

const hasNumbers = (struct) => struct.fields.some(({ type }) => type !== 'text' && type !== 'bytes');

function writeStruct(struct, comments) {
  const name = pascal(struct.name);
  const comment = (field) => [
    comments.get(`${struct.name}.${field.name}`),
    field.unit && `clock: ${field.unit}`,
  ];
  const lines = struct.fields.map((f) => `${doc('  ', comment(f))}  ${camel(f.name)}: ${f.offset},\n`);
  const members = struct.fields.map((f) => `${doc('  ', comment(f))}  ${camel(f.name)}: ${TYPES[f.type]};\n`);
  return `/** Byte offsets in \`struct ${struct.name}\`, and its size. */
export const ${name} = {
  BYTES: ${struct.size},
${lines.join('')}} as const;

/** \`struct ${struct.name}\`, decoded. */
export interface ${name}Value {
${members.join('')}}

/** Decodes one \`struct ${struct.name}\`. Throws RangeError when fewer than ${struct.size} bytes follow \`offset\`. */
export function decode${name}(bytes: Uint8Array, offset = 0): ${name}Value {
${hasNumbers(struct) ? '  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);\n' : ''}  return {
${struct.fields.map((f) => `    ${camel(f.name)}: ${reader(f)},\n`).join('')}  };
}

/** Encodes one \`struct ${struct.name}\` into ${struct.size} new bytes. */
export function encode${name}(value: ${name}Value): Uint8Array {
  const bytes = new Uint8Array(${struct.size});
${hasNumbers(struct) ? '  const view = new DataView(bytes.buffer);\n' : ''}${struct.fields.map((f) => `  ${writer(f)}\n`).join('')}  return bytes;
}
`;
}

const HEADER =
  '// SPDX-License-Identifier: Apache-2.0\n// Generated from bpf/include/abi.h by `npm run generate`. Do not edit.\n';

export function writeTypeScript({ abi, names, version, comments }) {
  const list = (values) => `[${values.map((value) => `'${value}'`).join(', ')}] as const`;
  return `${HEADER}import { readText, writeText } from './text.js';

/** Version of every layout in this file; in the header of each frame. */
export const ABI_VERSION = ${version};

/** Programs of \`observe.bpf.o\`. */
export const OBSERVE_PROGRAMS = ${list(names.observe.programs)};
/** Maps of \`observe.bpf.o\`. */
export const OBSERVE_MAPS = ${list(names.observe.maps)};
/** Programs of \`http.bpf.o\`. */
export const HTTP_PROGRAMS = ${list(names.http.programs)};
/** Maps of \`http.bpf.o\`: it is loaded on those of \`observe.bpf.o\`. */
export const HTTP_MAPS = ${list(names.http.maps)};
/** Programs of \`dual_engine.bpf.o\`. */
export const DUAL_ENGINE_PROGRAMS = ${list(names.dualEngine.programs)};
/** Maps of \`dual_engine.bpf.o\`. */
export const DUAL_ENGINE_MAPS = ${list(names.dualEngine.maps)};
/** Programs of \`waypoint.bpf.o\`. */
export const WAYPOINT_PROGRAMS = ${list(names.waypoint.programs)};
/** Maps of \`waypoint.bpf.o\`; those that the dual engine has too are shared with it. */
export const WAYPOINT_MAPS = ${list(names.waypoint.maps)};
/** Programs of \`preface.bpf.o\`. */
export const PREFACE_PROGRAMS = ${list(names.preface.programs)};
/** Maps of \`preface.bpf.o\`; those that the dual engine has too are shared with it. */
export const PREFACE_MAPS = ${list(names.preface.maps)};
/** Programs of \`kernel_native.bpf.o\`, which needs the kernel module. */
export const NATIVE_PROGRAMS = ${list(names.native.programs)};
/** Maps of \`kernel_native.bpf.o\`, without its struct_ops; those that the dual engine has too are shared with it. */
export const NATIVE_MAPS = ${list(names.native.maps)};

${abi.enums.map((e) => writeEnum(e, comments)).join('\n')}
${abi.structs.map((s) => writeStruct(s, comments)).join('\n')}`;
}

export function writeFieldTable({ abi, comments }) {
  const record = abi.structs.find((struct) => struct.name === 'connection_record');
  const rows = record.fields.map((field) => {
    const type =
      field.type === 'text' || field.type === 'bytes' ? `${field.type}[${field.size}]` : field.type;
    return `| ${field.offset} | \`${field.name}\` | ${type} | ${comments.get(`connection_record.${field.name}`) ?? ''} |`;
  });
  const enums = abi.enums.map(
    (e) =>
      `### ${e.name}\n\n| value | name | meaning |\n|---|---|---|\n${e.values
        .map(({ name, value }) => `| ${value} | \`${name}\` | ${comments.get(name) ?? ''} |`)
        .join('\n')}\n`,
  );
  return `<!-- Generated from bpf/include/abi.h by \`npm run generate\`. Do not edit. -->
# Fields of a connection record

${record.size} bytes, one end of one TCP connection. Bytes are payload; ports are in host order.

| offset | field | type | meaning |
|---|---|---|---|
${rows.join('\n')}

## Enumerations

${enums.join('\n')}`;
}
