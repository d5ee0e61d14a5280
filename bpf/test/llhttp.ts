// SPDX-License-Identifier: Apache-2.0
// llhttp, Node's own parser, in the WebAssembly build that undici carries: what others take a stream of HTTP for.
import { createRequire } from 'node:module';

/** One message as llhttp frames it. */
export interface Message {
  readonly method: string;
  readonly status: number;
  /** From its first byte to its last; line breaks before a request are no part of it (RFC 9112, 2.2). */
  readonly bytes: number;
}

/** A stream as llhttp frames it. */
export interface Framed {
  readonly messages: readonly Message[];
  /** The stream is wrong after these, as llhttp has it. */
  readonly failed: boolean;
  /** What follows is something else. */
  readonly upgraded: boolean;
}

interface Exports {
  memory: { readonly buffer: ArrayBuffer };
  malloc(bytes: number): number;
  llhttp_alloc(type: number): number;
  llhttp_free(parser: number): void;
  llhttp_execute(parser: number, at: number, bytes: number): number;
  llhttp_finish(parser: number): number;
  llhttp_get_method(parser: number): number;
  llhttp_get_status_code(parser: number): number;
}

const TYPES = { request: 1, response: 2 };
const OK = 0;
const CR = 13;
const LF = 10;
const PAUSED_UPGRADE = 22;
/** llhttp's numbers of the methods that are told apart. */
const METHODS = new Map([
  [0, 'DELETE'],
  [1, 'GET'],
  [2, 'HEAD'],
  [3, 'POST'],
  [4, 'PUT'],
  [5, 'CONNECT'],
  [6, 'OPTIONS'],
  [7, 'TRACE'],
  [28, 'PATCH'],
]);

/** Answers of on_headers_complete: go on, or there is no body whatever the fields say. */
const GO_ON = 0;
const NO_BODY = 1;

let completed = false;
let bodiless = (): boolean => false;
const llhttp = load();
const byte = llhttp.malloc(1);
let memory = new Uint8Array(llhttp.memory.buffer);

/** As much of the global as is needed: its types come with the DOM, which is not here. */
interface WebAssemblyGlobal {
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array) => object;
    readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
  };
}

function load(): Exports {
  const require = createRequire(import.meta.url);
  const { Module, Instance } = (globalThis as unknown as WebAssemblyGlobal).WebAssembly;
  const module = new Module(require('undici/lib/llhttp/llhttp-wasm.js') as Uint8Array);
  const nothing = () => 0;
  const env = {
    wasm_on_url: nothing,
    wasm_on_status: nothing,
    wasm_on_message_begin: nothing,
    wasm_on_header_field: nothing,
    wasm_on_header_value: nothing,
    wasm_on_headers_complete: () => (bodiless() ? NO_BODY : GO_ON),
    wasm_on_body: nothing,
    wasm_on_message_complete: () => {
      completed = true;
      return 0;
    },
  };
  return new Instance(module, { env }).exports as Exports;
}

/**
 * Frames one direction of a connection, byte by byte, to know where messages end.
 * @param asked in a stream of responses: the methods of the requests that they answer; HEAD has no body.
 * @param closed the stream ends here: completes a response that lasts as long as the connection.
 */
export function frame(
  type: keyof typeof TYPES,
  text: string,
  options: { readonly asked?: readonly string[]; readonly closed?: boolean } = {},
): Framed {
  const parser = llhttp.llhttp_alloc(TYPES[type]);
  const messages: Message[] = [];
  const result = (failed: boolean, upgraded: boolean): Framed => ({ messages, failed, upgraded });
  let final = 0;
  let from = 0;
  bodiless = () => type === 'response' && options.asked?.[final] === 'HEAD';
  const note = (end: number): void => {
    const status = type === 'response' ? llhttp.llhttp_get_status_code(parser) : 0;
    const method = type === 'request' ? (METHODS.get(llhttp.llhttp_get_method(parser)) ?? 'OTHER') : '';
    messages.push({ method, status, bytes: end - from });
    from = end;
    if (status >= 200 || status === 101) final++;
    completed = false;
  };
  try {
    for (let at = 0; at < text.length; at++) {
      if (memory.buffer !== llhttp.memory.buffer) memory = new Uint8Array(llhttp.memory.buffer);
      const sent = text.charCodeAt(at);
      if (type === 'request' && at === from && (sent === CR || sent === LF)) from++;
      memory[byte] = sent;
      const code = llhttp.llhttp_execute(parser, byte, 1);
      if (completed) note(at + 1);
      if (code === PAUSED_UPGRADE) return result(false, true);
      if (code !== OK) return result(true, false);
    }
    if (options.closed) {
      if (llhttp.llhttp_finish(parser) !== OK) return result(true, false);
      if (completed) note(text.length);
    }
    return result(false, false);
  } finally {
    completed = false;
    llhttp.llhttp_free(parser);
  }
}
