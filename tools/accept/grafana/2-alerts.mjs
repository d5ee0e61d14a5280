// SPDX-License-Identifier: Apache-2.0
import { alerts } from './checks/alerts.mjs';

export const title = 'Alerts fire when their fault is made, and resolve when it is mended';
export const command = 'node tools/accept/step.mjs grafana/2-alerts';
export const run = () => alerts({ name: 'undermesh-accept-alerts' });
