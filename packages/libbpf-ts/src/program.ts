// SPDX-License-Identifier: Apache-2.0
import { unpin } from './bpffs.js';
import { type Cgroup, withCgroupFd } from './cgroup.js';
import { Descriptor, openPin, pin } from './descriptor.js';
import { type AttachType, attachTypes, numberOf, type ProgramType } from './enums.js';
import { BpfError } from './errors.js';
import { check } from './failure.js';
import { type ProgramInfo, programInfo } from './info.js';
import { addressOf, libbpf } from './library.js';
import { BpfLink } from './link.js';
import type { BpfMap } from './map.js';
import { optionsStruct } from './options.js';

/** What an iterator walks over, for those that take a parameter. At most one of the groups. */
export interface IteratorTarget {
  /** `iter/bpf_map_elem`, `iter/bpf_sk_storage_map`: the map. */
  readonly map?: BpfMap;
  /** `iter/cgroup`: where to start, and which way: 1 itself, 2 descendants parents first, 3 children first, 4 ancestors. */
  readonly cgroup?: number;
  readonly cgroupOrder?: 1 | 2 | 3 | 4;
  /** `iter/task*`: one thread, or the threads of one process. */
  readonly tid?: number;
  readonly pid?: number;
}

/** Input of {@link BpfProgram.testRun}. */
export interface TestRunOptions {
  /** A packet, for programs that see packets. */
  readonly dataIn?: Uint8Array;
  /** The context structure, for programs whose type takes one. */
  readonly ctxIn?: Uint8Array;
  /** How often to run it; 1 unless given. Not every type of program can be repeated. */
  readonly repeat?: number;
}

/** Outcome of {@link BpfProgram.testRun}. */
export interface TestRunResult {
  readonly retval: number;
  /** Mean of one run, ns. */
  readonly durationNs: number;
  /** The packet afterwards; empty for programs that see none. */
  readonly dataOut: Uint8Array;
  /** The context afterwards; empty when none was given. */
  readonly ctxOut: Uint8Array;
}

interface ProgramOrigin {
  readonly name?: string;
  readonly section?: string;
  readonly attachType?: AttachType;
  readonly borrowed?: boolean;
}

/** A program in the kernel. */
export class BpfProgram implements Disposable {
  /** Name of its function; of a pinned program or one found by id, the kernel's (15 characters). */
  readonly name: string;
  readonly type: ProgramType;
  /** Unique while the program lives. */
  readonly id: number;
  /** Digest of its instructions: equal programs have equal tags. */
  readonly tag: string;
  /** Its ELF section, empty when it was not loaded from an object here. */
  readonly section: string;
  /** Where its section says that it attaches; undefined when it was not loaded from an object here. */
  readonly attachType: AttachType | undefined;
  readonly #descriptor: Descriptor;

  /** Takes `fd` over, unless `borrowed`. Everybody but this package gets programs from an object or statically. */
  constructor(fd: number, origin: ProgramOrigin = {}) {
    this.#descriptor = new Descriptor(fd, () => `program '${this.name}'`, !origin.borrowed);
    const info = programInfo(fd);
    this.name = origin.name ?? info.name;
    this.type = info.type;
    this.id = info.id;
    this.tag = info.tag;
    this.section = origin.section ?? '';
    this.attachType = origin.attachType;
  }

  /**
   * Opens the program pinned at `path`.
   * @param attachType what it was loaded for, where it is to be attached; the kernel does not tell.
   * @throws {BpfError} `BPF_PIN`.
   */
  static openPinned(path: string, attachType?: AttachType): BpfProgram {
    return new BpfProgram(openPin(path, 'program'), attachType === undefined ? {} : { attachType });
  }

  /** Opens the program with this id. @throws {BpfError} `BPF_NOT_FOUND`. */
  static fromId(id: number): BpfProgram {
    const failure = {
      code: 'BPF_NOT_FOUND',
      syscall: 'bpf(BPF_PROG_GET_FD_BY_ID)',
      doing: `opening program id ${id}`,
    } as const;
    return new BpfProgram(check(libbpf().bpf_prog_get_fd_by_id(id), () => failure));
  }

  /** File descriptor, valid until {@link close}. @throws {BpfError} `BPF_CLOSED`. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /** What the kernel says of it now. @throws {BpfError} `BPF_INFO`. */
  info(): ProgramInfo {
    return programInfo(this.fd);
  }

  /** Keeps it alive under `path`, in a bpffs. @throws {BpfError} `BPF_PIN`. */
  pin(path: string): void {
    pin(this.fd, path, `program '${this.name}'`);
  }

  /** Removes the pin at `path`; the program lives on while anything else holds it. @throws {BpfError} `BPF_PIN`. */
  unpin(path: string): void {
    unpin(path);
  }

  /**
   * Attaches it to a cgroup by a link, beside whatever else is attached there (links are always "multi").
   * @param attachType for a program that was not loaded from an object here; the kernel does not tell.
   * @throws {BpfError} `BPF_ATTACH`, `BPF_CGROUP`.
   */
  attachCgroup(cgroup: Cgroup, attachType: AttachType | undefined = this.attachType): BpfLink {
    if (attachType === undefined || !attachType.startsWith('cgroup_')) {
      const why =
        attachType === undefined ? 'its attach type is not known: pass it' : `it attaches to ${attachType}`;
      throw this.#attachError(`cgroup ${cgroup}`, why);
    }
    return withCgroupFd(cgroup, (fd) => this.#link(fd, attachType, null, `cgroup ${cgroup}`));
  }

  /**
   * Attaches it to what its section names: `tp_btf/…`, `fentry/…`, `fexit/…`, `raw_tp/…`, and `iter/…` without
   * a parameter.
   * @throws {BpfError} `BPF_ATTACH`.
   */
  attach(): BpfLink {
    if (this.type === 'raw_tracepoint') {
      const tracepoint = this.section.slice(this.section.indexOf('/') + 1);
      const fd = libbpf().bpf_raw_tracepoint_open(tracepoint, this.fd);
      return new BpfLink(
        check(fd, () => this.#attachFailure(`raw tracepoint ${tracepoint}`, 'bpf(BPF_RAW_TRACEPOINT_OPEN)')),
      );
    }
    if (this.attachType === 'trace_iter') return this.attachIter();
    if ((this.type === 'tracing' || this.type === 'lsm') && this.attachType !== undefined) {
      return this.#link(0, this.attachType, null, this.section);
    }
    throw this.#attachError(
      this.section || 'its target',
      `a ${this.type} program has no target of its own. Use attachCgroup or attachMap`,
    );
  }

  /** Makes an iterator of it; run it with {@link BpfLink.createIterator}. @throws {BpfError} `BPF_ATTACH`. */
  attachIter(target: IteratorTarget = {}): BpfLink {
    const parameters = new Uint8Array(16); // union bpf_iter_link_info
    const view = new DataView(parameters.buffer);
    if (target.map !== undefined) view.setUint32(0, target.map.fd, true);
    else if (target.cgroup !== undefined) {
      view.setUint32(0, target.cgroupOrder ?? 2, true);
      view.setUint32(4, target.cgroup, true);
    } else {
      view.setUint32(0, target.tid ?? 0, true);
      view.setUint32(4, target.pid ?? 0, true);
    }
    const plain = Object.keys(target).length === 0;
    const options = optionsStruct(64, (opts) => {
      if (plain) return;
      opts.setBigUint64(16, addressOf(parameters), true);
      opts.setUint32(24, parameters.length, true);
    });
    return this.#link(0, 'trace_iter', options, this.section || 'an iterator');
  }

  /**
   * Attaches an `sk_msg` or `sk_skb` program to a sockmap or sockhash. There is no link: it stays until
   * {@link detachMap} or until the map is gone.
   * @throws {BpfError} `BPF_ATTACH`.
   */
  attachMap(map: BpfMap, attachType: AttachType | undefined = this.attachType): void {
    const result = libbpf().bpf_prog_attach(
      this.fd,
      map.fd,
      numberOf(attachTypes, attachType ?? 'unknown'),
      0,
    );
    check(result, () => this.#attachFailure(`map '${map.name}'`, 'bpf(BPF_PROG_ATTACH)'));
  }

  /** Undoes {@link attachMap}. @throws {BpfError} `BPF_ATTACH`. */
  detachMap(map: BpfMap, attachType: AttachType | undefined = this.attachType): void {
    const result = libbpf().bpf_prog_detach2(this.fd, map.fd, numberOf(attachTypes, attachType ?? 'unknown'));
    check(result, () => this.#attachFailure(`map '${map.name}' (detaching)`, 'bpf(BPF_PROG_DETACH)'));
  }

  /** Runs it once or more, on input given here, attached or not. @throws {BpfError} `BPF_TEST_RUN`. */
  testRun(options: TestRunOptions = {}): TestRunResult {
    const { dataIn, ctxIn } = options;
    const dataOut = new Uint8Array(dataIn ? dataIn.length + 256 : 0); // XDP and tc programs may grow a packet
    const ctxOut = new Uint8Array(ctxIn?.length ?? 0);
    const opts = optionsStruct(80, (view) => {
      if (dataIn !== undefined) {
        view.setBigUint64(8, addressOf(dataIn), true);
        view.setBigUint64(16, addressOf(dataOut), true);
        view.setUint32(24, dataIn.length, true);
        view.setUint32(28, dataOut.length, true);
      }
      if (ctxIn !== undefined) {
        view.setBigUint64(32, addressOf(ctxIn), true);
        view.setUint32(48, ctxIn.length, true);
        // Programs of type "syscall" write into ctxIn itself and refuse an output buffer.
        if (this.type !== 'syscall') {
          view.setBigUint64(40, addressOf(ctxOut), true);
          view.setUint32(52, ctxOut.length, true);
        }
      }
      view.setInt32(60, options.repeat ?? 0, true);
    });
    check(libbpf().bpf_prog_test_run_opts(this.fd, opts), () => ({
      code: 'BPF_TEST_RUN',
      syscall: 'bpf(BPF_PROG_TEST_RUN)',
      doing: `test-running ${this.type} program '${this.name}'`,
    }));
    const view = new DataView(opts.buffer);
    return {
      retval: view.getUint32(56, true),
      durationNs: view.getUint32(64, true),
      dataOut: dataOut.subarray(0, dataIn ? view.getUint32(28, true) : 0),
      ctxOut: this.type === 'syscall' && ctxIn ? ctxIn : ctxOut.subarray(0, view.getUint32(52, true)),
    };
  }

  /** Lets go of it. Links and pins keep it alive. Harmless when called again. */
  close(): void {
    this.#descriptor.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #link(target: number, attachType: AttachType, options: Uint8Array | null, where: string): BpfLink {
    const fd = libbpf().bpf_link_create(this.fd, target, numberOf(attachTypes, attachType), options);
    return new BpfLink(check(fd, () => this.#attachFailure(where, 'bpf(BPF_LINK_CREATE)')));
  }

  #attachFailure(where: string, syscall: string) {
    return {
      code: 'BPF_ATTACH',
      syscall,
      doing: `attaching ${this.type} program '${this.name}' to ${where}`,
    } as const;
  }

  #attachError(where: string, why: string): BpfError {
    return new BpfError(`Attaching ${this.type} program '${this.name}' to ${where} failed: ${why}.`, {
      code: 'BPF_ATTACH',
    });
  }
}
