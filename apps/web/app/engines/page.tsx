// SPDX-License-Identifier: Apache-2.0
import type { Metadata } from 'next';
import { EnginesPage } from '@/components/engines/engines-page';

export const metadata: Metadata = { title: 'Engines' };

export default EnginesPage;
