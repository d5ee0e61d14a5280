// SPDX-License-Identifier: Apache-2.0
// Reads the BTF of a compiled object as bpftool prints it, and refuses layouts that could be read in two ways.
import { execFileSync } from 'node:child_process';

/**
 * @typedef {{ name: string, offset: number, size: number, type: 'u8'|'u16'|'u32'|'u64'|'s32'|'s64'|'text'|'bytes',
 *   unit?: string }} Field
 * @typedef {{ name: string, size: number, fields: Field[] }} Struct
 * @typedef {{ name: string, values: { name: string, value: number }[] }} Enum
 */

const INTEGERS = { 1: ['u8', 's8'], 2: ['u16', 's16'], 4: ['u32', 's32'], 8: ['u64', 's64'] };

/** @param {string} object */
export function readTypes(object) {
  const text = execFileSync('bpftool', ['-j', 'btf', 'dump', 'file', object], { maxBuffer: 64 << 20 });
  const types = JSON.parse(text.toString()).types;
  return new Map(types.map((type) => [type.id, type]));
}

const resolve = (types, id) => {
  let type = types.get(id);
  while (['TYPEDEF', 'CONST', 'VOLATILE', 'TYPE_TAG'].includes(type.kind)) type = types.get(type.type_id);
  return type;
};

function fieldType(types, id, where) {
  const type = resolve(types, id);
  if (type.kind === 'INT') {
    const names = INTEGERS[type.size];
    return { type: names[type.encoding === 'SIGNED' ? 1 : 0], size: type.size, align: type.size };
  }
  if (type.kind === 'ARRAY') {
    const element = resolve(types, type.type_id);
    if (element.kind !== 'INT' || element.size !== 1)
      throw new Error(`${where}: only arrays of bytes may cross`);
    const isText = element.name === 'char';
    return { type: isText ? 'text' : 'bytes', size: type.nr_elems, align: 1 };
  }
  throw new Error(
    `${where}: ${type.kind.toLowerCase()} may not cross to user space; use an integer or bytes`,
  );
}

/** @returns {Struct} */
export function readStruct(types, type) {
  const units = new Map(
    [...types.values()]
      .filter((tag) => tag.kind === 'DECL_TAG' && tag.type_id === type.id && tag.name.startsWith('unit:'))
      .map((tag) => [tag.component_idx, tag.name.slice('unit:'.length)]),
  );
  let end = 0;
  const fields = type.members.map((member, index) => {
    const where = `struct ${type.name}.${member.name}`;
    if (member.bitfield_size) throw new Error(`${where}: bitfields may not cross`);
    const { align, ...field } = fieldType(types, member.type_id, where);
    const offset = member.bits_offset / 8;
    if (offset !== end)
      throw new Error(`${where}: ${offset - end} bytes of implicit padding before it; name them`);
    if (offset % align) throw new Error(`${where}: not aligned`);
    end = offset + field.size;
    const unit = units.get(index);
    return { name: member.name, offset, ...field, ...(unit ? { unit } : {}) };
  });
  if (end !== type.size)
    throw new Error(`struct ${type.name}: ${type.size - end} bytes of implicit padding at its end`);
  return { name: type.name, size: type.size, fields };
}

/** Everything that `struct abi` names. @returns {{ structs: Struct[], enums: Enum[] }} */
export function readAbi(types) {
  const root = [...types.values()].find((type) => type.kind === 'STRUCT' && type.name === 'abi');
  const members = root.members.map((member) => resolve(types, member.type_id));
  return {
    structs: members.filter((type) => type.kind === 'STRUCT').map((type) => readStruct(types, type)),
    enums: members
      .filter((type) => type.kind === 'ENUM')
      .map((type) => ({
        name: type.name,
        values: type.values.map(({ name, val }) => ({ name, value: val })),
      })),
  };
}

/** Names of the maps and programs in an object; functions marked as subprograms are none. */
export function readNames(types) {
  const all = [...types.values()];
  const subprograms = new Set(
    all.filter(({ kind, name }) => kind === 'DECL_TAG' && name === 'subprogram').map((tag) => tag.type_id),
  );
  const maps = all.find((type) => type.kind === 'DATASEC' && type.name === '.maps');
  return {
    maps: maps.vars.map((variable) => types.get(variable.type_id).name).sort(),
    programs: all
      .filter(({ id, kind, linkage }) => kind === 'FUNC' && linkage === 'global' && !subprograms.has(id))
      .map((type) => type.name)
      .sort(),
  };
}
