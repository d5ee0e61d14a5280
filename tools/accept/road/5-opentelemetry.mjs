// SPDX-License-Identifier: Apache-2.0
import { opentelemetry } from './checks/opentelemetry.mjs';

export const title = 'An OpenTelemetry receiver gets the same figures';
export const command = 'node tools/accept/step.mjs road/5-opentelemetry';
export const run = () => opentelemetry({ name: 'undermesh-accept-otlp', connections: 10_000, refused: 100 });
