// SPDX-License-Identifier: Apache-2.0

/**
 * One of libbpf's extensible option structures: `bytes` long, its leading `size_t sz` set, the rest zero but
 * for what `fill` writes at the offsets of the C header. Little-endian, as every machine that we run on.
 */
export function optionsStruct(bytes: number, fill: (view: DataView) => void): Uint8Array {
  const memory = new Uint8Array(bytes);
  const view = new DataView(memory.buffer);
  view.setBigUint64(0, BigInt(bytes), true);
  fill(view);
  return memory;
}
