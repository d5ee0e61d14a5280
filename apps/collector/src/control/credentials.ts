// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFileSync, UndermeshError } from '@undermesh/core';
import { NAME_PATTERN } from '@undermesh/schema';
import { Type } from 'typebox';
import Value from 'typebox/value';

const CredentialFile = Type.Object({ node: Type.String(), hash: Type.String(), createdAt: Type.String() });

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
/** Node names hold characters that file names do not. */
const keyOf = (node: string): string => sha256(node).toString('hex').slice(0, 32);

/**
 * Credentials of agents, each bound to one node name: one file per node with a hash of the secret. Files are read at
 * every use, so that making and revoking one works while the collector runs. A secret has 256 random bits: a plain
 * hash is enough.
 */
export class Credentials {
  readonly #directory: string;

  /** @param data the collector's data directory. */
  constructor(data: string) {
    this.#directory = join(data, 'credentials');
  }

  /** Makes a new credential, which replaces the node's former one, and returns it: it cannot be read again. */
  create(node: string): string {
    if (!new RegExp(NAME_PATTERN).test(node)) {
      throw new UndermeshError({
        code: 'config_invalid',
        message: `${JSON.stringify(node)} cannot be a node name: use 1 to 253 letters, digits and any of _ . : @ / -`,
      });
    }
    const credential = `uma_${keyOf(node)}_${randomBytes(32).toString('base64url')}`;
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const file = join(this.#directory, `${keyOf(node)}.json`);
    const content = { node, hash: sha256(credential).toString('hex'), createdAt: new Date().toISOString() };
    replaceFileSync(file, JSON.stringify(content));
    return credential;
  }

  /** The node that a credential belongs to, `null` when it is none of ours. */
  verify(credential: string): string | null {
    const key = /^uma_([0-9a-f]{32})_[A-Za-z0-9_-]{43}$/.exec(credential)?.[1];
    if (key === undefined) return null;
    const entry = this.#read(`${key}.json`);
    if (entry === null || keyOf(entry.node) !== key) return null;
    const expected = Buffer.from(entry.hash, 'hex');
    const given = sha256(credential);
    return expected.length === given.length && timingSafeEqual(expected, given) ? entry.node : null;
  }

  /** Nodes that hold a credential. */
  nodes(): string[] {
    let files: string[];
    try {
      files = readdirSync(this.#directory);
    } catch {
      return [];
    }
    const nodes: string[] = [];
    for (const file of files) {
      const entry = file.endsWith('.json') ? this.#read(file) : null;
      if (entry !== null) nodes.push(entry.node);
    }
    return nodes;
  }

  #read(file: string): { node: string; hash: string } | null {
    try {
      const content: unknown = JSON.parse(readFileSync(join(this.#directory, file), 'utf8'));
      return Value.Check(CredentialFile, content) ? content : null;
    } catch {
      return null;
    }
  }
}
