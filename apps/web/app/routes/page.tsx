// SPDX-License-Identifier: Apache-2.0
import type { Metadata } from 'next';
import { RoutesPage } from '@/components/routes/routes-page';

export const metadata: Metadata = { title: 'Routes' };

export default RoutesPage;
