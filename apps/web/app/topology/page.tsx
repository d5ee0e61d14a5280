// SPDX-License-Identifier: Apache-2.0
import type { Metadata } from 'next';
import { TopologyPage } from '@/components/topology/topology-page';

export const metadata: Metadata = { title: 'Topology' };

export default TopologyPage;
