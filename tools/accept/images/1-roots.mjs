// SPDX-License-Identifier: Apache-2.0
import { ImagedMesh } from '../../images/mesh.mjs';
import { Findings } from '../road/checks/findings.mjs';
import {
  agentSees,
  billsAreWhole,
  collectorServes,
  damageIsRefused,
  nothingToBuildWith,
} from './checks/images.mjs';

export const title =
  'Each root starts its program without a compiler: 20,000 connections from the agent of one to the collector of the other';
export const command = 'node tools/accept/step.mjs images/1-roots';

export async function run() {
  const findings = new Findings();
  const mesh = await ImagedMesh.create('undermesh-accept-images');
  try {
    nothingToBuildWith(mesh, findings);
    await collectorServes(mesh, findings);
    await damageIsRefused(mesh, findings);
    await agentSees(mesh, findings, { connections: 20_000 });
    billsAreWhole(mesh, findings);
  } finally {
    await mesh.destroy();
  }
  return findings.result;
}
