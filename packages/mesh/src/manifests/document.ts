// SPDX-License-Identifier: Apache-2.0
import type { Declaration, Origin } from '../kubernetes/declaration.js';
import { Field, type FieldPath, formatPath } from '../kubernetes/field.js';
import { describe, isList, readObject } from '../kubernetes/read.js';
import type { Problem } from '../problem.js';
import type { DocumentText } from './split.js';
import { locate, parseYaml, type SyntaxProblem } from './yaml.js';

/**
 * One YAML document on disk and what it declares. It is kept for as long as its text is the same, so that declarations
 * stay the same objects; only its place in the file may move.
 */
export class ManifestDocument {
  readonly text: string;
  readonly declarations: readonly Declaration[];
  readonly #file: string;
  #firstLine: number;
  readonly #found: (() => Problem)[] = [];

  constructor(file: string, { text, firstLine }: DocumentText) {
    this.#file = file;
    this.text = text;
    this.#firstLine = firstLine;
    const parsed = parseYaml(text);
    if ('problem' in parsed) {
      this.#found.push(() => this.#syntaxProblem(parsed.problem));
      this.declarations = [];
    } else this.declarations = this.#read(parsed.value, []);
  }

  /** Notes where in its file the document stands by now. */
  moveTo(firstLine: number): void {
    this.#firstLine = firstLine;
  }

  /** What is wrong with it by itself. */
  problems(): Problem[] {
    return this.#found.map((make) => make());
  }

  #read(value: unknown, prefix: FieldPath): Declaration[] {
    let origin = this.#originOf('', prefix);
    const object = new Field(value, [], {
      report: (found) => {
        const finder = origin;
        this.#found.push(() => finder.problem(found));
      },
      unknownFields: 'refused',
    });
    if (!object.isMap()) {
      object.wrong('give an object: apiVersion, kind, metadata ...');
      return [];
    }
    if (isList(object))
      return object
        .map(['apiVersion', 'kind', 'metadata', 'items'])
        .get('items')
        .list()
        .flatMap((item) => this.#read(item.value, [...prefix, ...item.path]));
    origin = this.#originOf(describe(object), prefix);
    const declaration = readObject(object, origin);
    return declaration === null ? [] : [declaration];
  }

  #originOf(object: string, prefix: FieldPath): Origin {
    const document = this;
    return {
      object,
      get place() {
        return `${document.#file}:${document.#lineOf(prefix).line}`;
      },
      problem: ({ severity, path, message, mend }) => ({
        severity,
        file: this.#file,
        ...this.#lineOf([...prefix, ...path]),
        object,
        field: formatPath(path),
        message,
        mend,
      }),
    };
  }

  #lineOf(path: FieldPath): { readonly line: number; readonly column: number } {
    const { line, column } = locate(this.text, path);
    return { line: line + this.#firstLine, column };
  }

  #syntaxProblem({ line, column, message, mend }: SyntaxProblem): Problem {
    const place = { file: this.#file, line: line + this.#firstLine, column };
    return { severity: 'error', ...place, object: '', field: '', message, mend };
  }
}
