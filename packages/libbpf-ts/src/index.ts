// SPDX-License-Identifier: Apache-2.0
export * as bpffs from './bpffs.js';
export { isBpffs, mountBpffs, unmountBpffs } from './bpffs.js';
export { type Cgroup, type CgroupPrograms, cgroupId, cgroupPrograms, findCgroup2Mount } from './cgroup.js';
export { type ClockPair, clockBoottimeNs, clockPairNs } from './clock.js';
export {
  type AttachType,
  attachTypes,
  type LinkType,
  linkTypes,
  type MapType,
  mapTypes,
  type ProgramType,
  programTypes,
} from './enums.js';
export {
  BpfError,
  type BpfErrorCode,
  type BpfErrorOptions,
  errorCodes,
  NotSupportedError,
  VerifierError,
} from './errors.js';
export {
  enableProgramStats,
  type LinkInfo,
  listLinks,
  listMaps,
  listPrograms,
  type MapInfo,
  type ProgramInfo,
} from './info.js';
export { BpfIterator } from './iterator.js';
export { BpfLink } from './link.js';
export { BpfMap, type MapDefinition, possibleCpus, UpdateMode } from './map.js';
export type { MapEntries, NewEntries } from './map-entries.js';
export { inNetworkNamespace } from './namespaces.js';
export { BpfObject, openObject } from './object.js';
export { setPipeSize } from './pipe.js';
export {
  type FeatureProbe,
  featureNames,
  type KernelFeature,
  kernelFeatures,
  libbpfVersion,
  probeHelper,
  probeMapType,
  probeProgramType,
} from './probe.js';
export { BpfProgram, type IteratorTarget, type TestRunOptions, type TestRunResult } from './program.js';
export { type BatchResult, type ReadResult, type RecordSink, RingBuffer } from './ring-buffer.js';
export { type MapSpec, type ObjectSpec, type ProgramSpec, readObjectSpec } from './spec.js';
