// SPDX-License-Identifier: Apache-2.0

/** Label of ConfigMaps that hold the change log; its value is the name of the Lease. */
export const CONTROL_LABEL = 'undermesh.io/control';
/** Label of what was set aside. */
const BROKEN_LABEL = 'undermesh.io/control-broken';
/** Member of a ConfigMap's data that holds the lines. */
const LINES = 'change-log.jsonl';
/** A ConfigMap is closed at this size, and the next one begun: some 500 changes. Kubernetes bounds them at 1 MiB. */
export const CHUNK_BYTES = 128 * 1024;

/** A part of the change log: a ConfigMap, as it is stored. */
export interface Chunk {
  readonly name: string;
  /** Whole lines. */
  readonly text: string;
  /** Nothing is written behind it any more. */
  readonly sealed: boolean;
}

interface ConfigMap {
  readonly metadata?: { readonly name?: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
}

export function readChunk(value: unknown): Chunk {
  const { metadata, data, immutable } = value as ConfigMap;
  return { name: metadata?.name ?? '', text: data?.[LINES] ?? '', sealed: immutable === true };
}

/** `version`: the resource version that it replaces. */
export function writeChunk(
  { name, text, sealed }: Chunk,
  of: { readonly namespace: string; readonly control: string; readonly version?: string },
): { readonly metadata: { readonly name: string } } {
  return {
    metadata: {
      name,
      namespace: of.namespace,
      ...(of.version === undefined ? {} : { resourceVersion: of.version }),
      labels: { [CONTROL_LABEL]: of.control, 'app.kubernetes.io/part-of': 'undermesh' },
    },
    data: { [LINES]: text },
    ...(sealed ? { immutable: true } : {}),
  } as { readonly metadata: { readonly name: string } };
}

/** A copy of one that does not verify, under a name and a label that nobody reads on. */
export function writeAside(
  { name, text }: Chunk,
  of: { readonly namespace: string; readonly at: Date },
): object {
  const time = of.at.toISOString().replaceAll(/[:.]/g, '-').toLowerCase();
  return {
    metadata: {
      name: `${name}-broken-${time}`,
      namespace: of.namespace,
      labels: { [BROKEN_LABEL]: name, 'app.kubernetes.io/part-of': 'undermesh' },
    },
    data: { [LINES]: text },
  };
}

/** Names in the order of their numbers, from 1. */
export const chunkName = (control: string, number: number): string =>
  `${control}-${String(number).padStart(5, '0')}`;

/** Splits whole lines into chunks, all but the last of them closed. */
export function splitIntoChunks(control: string, lines: readonly string[]): Chunk[] {
  const chunks: { name: string; text: string; sealed: boolean }[] = [];
  for (const line of lines) {
    const last = chunks.at(-1);
    if (last !== undefined && fits(last.text, line)) last.text += line;
    else {
      if (last !== undefined) last.sealed = true;
      chunks.push({ name: chunkName(control, chunks.length + 1), text: line, sealed: false });
    }
  }
  return chunks;
}

/** Whether lines may be written behind a text that is there already. */
export const fits = (text: string, lines: string): boolean =>
  text === '' || Buffer.byteLength(text) + Buffer.byteLength(lines) <= CHUNK_BYTES;
