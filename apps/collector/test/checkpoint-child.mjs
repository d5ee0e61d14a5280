// SPDX-License-Identifier: Apache-2.0
// A collector that checkpoints often, until it is killed. Arguments: data directory, ms between checkpoints. Writes its address.
import { join } from 'node:path';
import { setLogLevel } from '@undermesh/core';
import Value from 'typebox/value';
import { Collector } from '../dist/collector.js';
import { CollectorConfig } from '../dist/config.js';
import { createStore } from '../dist/store/create-store.js';

const [data, checkpointMs] = [process.argv[2], Number(process.argv[3])];
setLogLevel('error');
const config = Value.Parse(CollectorConfig, Value.Default(CollectorConfig, { data, listen: { port: 0 } }));
const store = createStore({ driver: 'duckdb', directory: join(data, 'records') });
const collector = new Collector({ config, store, checkpointMs });
const url = await collector.start();
await collector.rebuilt;
process.stdout.write(`${JSON.stringify({ url, credential: collector.credentials.create('node-a') })}\n`);
process.on('SIGTERM', () => void collector.stop().then(() => process.exit(0)));
