// SPDX-License-Identifier: Apache-2.0
import { BASE_PATH_PLACEHOLDER } from '@undermesh/schema';
import type { NextConfig } from 'next';
import { PHASE_DEVELOPMENT_SERVER } from 'next/constants';

/**
 * A static export that the collector serves: no server of its own, no dynamic segments. Below which path is not known
 * yet: the collector writes it in the place of a placeholder.
 */
const config = (phase: string): NextConfig => {
  const basePath = phase === PHASE_DEVELOPMENT_SERVER ? '' : BASE_PATH_PLACEHOLDER;
  return {
    output: 'export',
    basePath,
    env: { NEXT_PUBLIC_BASE_PATH: basePath },
    trailingSlash: true,
    images: { unoptimized: true },
    reactStrictMode: true,
    poweredByHeader: false,
    experimental: { useTypeScriptCli: true },
  };
};

export default config;
