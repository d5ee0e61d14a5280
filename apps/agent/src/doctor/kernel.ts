// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import type { Finding } from '@undermesh/schema';
import { checkBtf, checkCapabilities, checkKernel, kernelFeatures, libbpfVersion } from '../kernel/index.js';
import { found, tried, well } from './finding.js';

const OLDEST_LIBBPF = [1, 1] as const;

/** What the kernel is and lets this process do. */
export function kernelFindings(): Finding[] {
  const capabilities = tried('capabilities', () => {
    checkCapabilities();
    return 'this process may load and attach eBPF programs';
  });
  const library = libbpf();
  return [
    tried('kernel', () => {
      checkKernel();
      return `Linux ${release()}`;
    }),
    tried('btf', () => {
      checkBtf();
      return 'the kernel describes its types';
    }),
    capabilities,
    library,
    ...lockdown(),
    ...jit(),
    ...(capabilities.verdict === 'ok' && library.verdict === 'ok' ? features() : []),
  ];
}

function libbpf(): Finding {
  try {
    const version = libbpfVersion();
    const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
    const [oldestMajor, oldestMinor] = OLDEST_LIBBPF;
    const old = major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
    if (old)
      return found('libbpf', 'wrong', `libbpf is ${version}`, `Install ${OLDEST_LIBBPF.join('.')} or later.`);
    return well('libbpf', `libbpf ${version}`);
  } catch {
    return found('libbpf', 'wrong', 'libbpf is not installed', 'Install it: apt-get install libbpf1.');
  }
}

const readOrNothing = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
};

/** Nothing where the kernel has no lockdown. */
function lockdown(): Finding[] {
  const mode = /\[(\w+)\]/.exec(readOrNothing('/sys/kernel/security/lockdown'))?.[1];
  if (mode === undefined) return [];
  if (mode === 'none') return [well('lockdown', 'the kernel is not locked down')];
  if (mode === 'integrity') {
    const mend = 'Nothing to do for observing and the dual engine; a kernel module has to be signed.';
    return [found('lockdown', 'warning', 'the kernel is locked down for integrity', mend)];
  }
  const what = `the kernel is locked down for ${mode}: eBPF programs may not read what they need`;
  return [found('lockdown', 'wrong', what, 'Boot with lockdown=integrity, or without lockdown.')];
}

function jit(): Finding[] {
  const enabled = readOrNothing('/proc/sys/net/core/bpf_jit_enable');
  if (enabled === '' || enabled !== '0') return [];
  const mend = 'sysctl net.core.bpf_jit_enable=1';
  return [found('jit', 'warning', 'eBPF programs are interpreted, ten times slower than compiled', mend)];
}

/** What the kernel refuses, found by trying; one finding when it refuses nothing. */
function features(): Finding[] {
  const refused = Object.entries(kernelFeatures()).filter(([, { available }]) => !available);
  if (refused.length === 0) return [well('features', 'the kernel takes every kind of program and map')];
  const mend = 'Use Linux 5.15 or later with the configuration of a distribution.';
  return refused.map(([name, { reason }]) =>
    found(
      name === 'btf' ? 'features' : `features.${name}`,
      'wrong',
      `no ${name}: ${reason.replace(/\.$/, '')}`,
      mend,
    ),
  );
}
