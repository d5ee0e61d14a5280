// SPDX-License-Identifier: Apache-2.0
'use client';

import { Page } from '../page';

export function SettingsPage() {
  return <Page title="Settings">…</Page>;
}
