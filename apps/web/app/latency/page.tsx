// SPDX-License-Identifier: Apache-2.0
import type { Metadata } from 'next';
import { LatencyPage } from '@/components/latency/latency-page';

export const metadata: Metadata = { title: 'Latency' };

export default LatencyPage;
