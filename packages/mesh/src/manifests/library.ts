// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { messageOf } from '@undermesh/core';
import type { Problem } from '../problem.js';
import type { ManifestFile } from './directory.js';
import { ManifestDocument } from './document.js';
import { splitDocuments } from './split.js';

/** A file as it was read. */
interface Shelf {
  readonly stamp: string;
  readonly documents: readonly ManifestDocument[];
  /** What kept it from being read. */
  readonly problem: Problem | null;
}

/** Reading gives way to other work after so long. */
const SLICE_MS = 8;

/** The documents of all files. What has not changed is neither read nor parsed again. */
export class Library {
  #shelves: ReadonlyMap<string, Shelf> = new Map();
  #sliceEnds = 0;

  /** Takes in what has changed. */
  async update(files: readonly ManifestFile[]): Promise<void> {
    const shelves = new Map<string, Shelf>();
    for (const file of files) {
      const old = this.#shelves.get(file.path);
      shelves.set(file.path, old?.stamp === file.stamp ? old : await this.#read(file, old));
    }
    this.#shelves = shelves;
  }

  /** In the order of the files. */
  *documents(): Generator<ManifestDocument> {
    for (const { documents } of this.#shelves.values()) yield* documents;
  }

  /** What is wrong with files and documents by themselves. */
  problems(): Problem[] {
    return [...this.#shelves.values()].flatMap(({ problem, documents }) => [
      ...(problem === null ? [] : [problem]),
      ...documents.flatMap((document) => document.problems()),
    ]);
  }

  async #read({ path, stamp }: ManifestFile, before: Shelf | undefined): Promise<Shelf> {
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
    } catch (error) {
      return { stamp, documents: before?.documents ?? [], problem: unreadable(path, error) };
    }
    const known = new Map(before?.documents.map((document) => [document.text, document]));
    const documents: ManifestDocument[] = [];
    for (const part of splitDocuments(text)) {
      const same = known.get(part.text);
      known.delete(part.text);
      same?.moveTo(part.firstLine);
      documents.push(same ?? new ManifestDocument(path, part));
      await this.#giveWay();
    }
    return { stamp, documents, problem: null };
  }

  async #giveWay(): Promise<void> {
    if (performance.now() < this.#sliceEnds) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#sliceEnds = performance.now() + SLICE_MS;
  }
}

function unreadable(path: string, error: unknown): Problem {
  const encoding = error instanceof TypeError;
  return {
    severity: 'error',
    file: path,
    line: 1,
    column: 1,
    object: '',
    field: '',
    message: encoding ? 'the file is not UTF-8' : `the file cannot be read (${messageOf(error)})`,
    mend: encoding ? 'save it as UTF-8' : 'let the agent read it, or remove it',
  };
}
