// SPDX-License-Identifier: Apache-2.0
import type { NextConfig } from 'next';

/** A static export that the collector serves: no server of its own, no dynamic segments. */
const config: NextConfig = {
  output: 'export',
  trailingSlash: true,
  images: { unoptimized: true },
  reactStrictMode: true,
  poweredByHeader: false,
  experimental: { useTypeScriptCli: true },
};

export default config;
