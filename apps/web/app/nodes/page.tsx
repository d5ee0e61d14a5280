// SPDX-License-Identifier: Apache-2.0
import type { Metadata } from 'next';
import { NodesPage } from '@/components/nodes/nodes-page';

export const metadata: Metadata = { title: 'Nodes' };

// biome-ignore lint/style/noDefaultExport: Next.js asks for it.
export default NodesPage;
