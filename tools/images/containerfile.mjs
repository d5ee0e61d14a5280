// SPDX-License-Identifier: Apache-2.0
// What the last stage of a Containerfile says: the part of the format that ours use. Anything else is refused, so that
// nothing in them goes untested.
import { readFileSync } from 'node:fs';

/**
 * @typedef {object} Stage
 * @property {string} from the image it begins with
 * @property {string[]} packages that apt-get installs
 * @property {{ from: string, to: string }[]} copied from the stage `build`
 * @property {string[]} commands other than apt-get, for a shell
 * @property {Record<string, string>} env
 * @property {Record<string, string>} labels
 * @property {{ uid: number, gid: number }} user
 * @property {string[]} volumes
 * @property {number[]} ports
 * @property {string} stopSignal
 * @property {string[]} entrypoint
 * @property {string[]} cmd
 */

/** Reads the last stage. @param {string} path @returns {Stage} */
export function readLastStage(path) {
  const lines = readFileSync(path, 'utf8')
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const last = lines.findLastIndex((line) => line.startsWith('FROM '));
  const stage = { packages: [], copied: [], commands: [], env: {}, labels: {}, volumes: [], ports: [] };
  for (const line of lines.slice(last)) {
    const [, word, rest] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (!(word in instructions)) throw new Error(`${path}: no test carries out "${line}"`);
    instructions[word](stage, rest.trim());
  }
  return stage;
}

const INSTALL =
  /^apt-get update\s+&& apt-get install -y --no-install-recommends ([a-z0-9 .+-]+?)\s+&& rm -rf \/var\/lib\/apt\/lists\/\*$/;
const COPY = /^--from=build (\S+) (\S+)$/;
const USER = /^(\d+):(\d+)$/;

const instructions = {
  FROM: (stage, image) => {
    stage.from = image;
  },
  RUN: (stage, command) => {
    const [, packages] = INSTALL.exec(command) ?? [];
    if (packages === undefined) stage.commands.push(command);
    else stage.packages.push(...packages.split(/\s+/));
  },
  COPY: (stage, files) => {
    const [, from, to] = matched(COPY, files);
    stage.copied.push({ from, to });
  },
  ENV: (stage, pairs) => Object.assign(stage.env, assignments(pairs)),
  LABEL: (stage, pairs) => Object.assign(stage.labels, assignments(pairs)),
  USER: (stage, user) => {
    const [, uid, gid] = matched(USER, user);
    stage.user = { uid: Number(uid), gid: Number(gid) };
  },
  VOLUME: (stage, paths) => stage.volumes.push(...JSON.parse(paths)),
  EXPOSE: (stage, port) => stage.ports.push(Number(port)),
  STOPSIGNAL: (stage, signal) => {
    stage.stopSignal = signal;
  },
  ENTRYPOINT: (stage, words) => {
    stage.entrypoint = JSON.parse(words);
  },
  CMD: (stage, words) => {
    stage.cmd = JSON.parse(words);
  },
};

function matched(pattern, text) {
  const match = pattern.exec(text);
  if (match === null) throw new Error(`no test carries out "${text}"`);
  return match;
}

/** `A=b C="d e"` as an object. */
function assignments(text) {
  const pairs = [...text.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S+))/g)];
  return Object.fromEntries(pairs.map(([, name, quoted, plain]) => [name, quoted ?? plain]));
}
