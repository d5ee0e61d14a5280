#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
import { collectSoon } from '@undermesh/core';
import { runCommand } from '../dist/index.js';

collectSoon();
process.exitCode = await runCommand(process.argv.slice(2), (text) => process.stdout.write(`${text}\n`));
