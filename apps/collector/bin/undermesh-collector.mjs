#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
import { collectSoon } from '@undermesh/core';
import { main } from '../dist/main.js';

collectSoon();
process.exitCode = await main(process.argv.slice(2));
