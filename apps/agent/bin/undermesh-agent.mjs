#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
import { runCommand } from '../dist/index.js';

process.exitCode = await runCommand(process.argv.slice(2), (text) => process.stdout.write(`${text}\n`));
