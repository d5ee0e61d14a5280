// SPDX-License-Identifier: Apache-2.0
// What must hold of images, each on the roots of an ImagedMesh.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { images } from '../../../../packaging/images/assemble.mjs';
import { billOfMaterials } from '../../../../packaging/images/sbom.mjs';
import { grantedToAgents, SERVER } from '../../../images/mesh.mjs';
import { stageOf } from '../../../images/root.mjs';
import { root as checkout } from '../../../paths.mjs';
import { runLoadClient, startLoadServer } from '../../../testbed/load.mjs';

export const IMAGES = Object.keys(images);
const OBJECTS = '/opt/undermesh/node_modules/@undermesh/bpf/dist';

/** What compiles, links, installs packages of npm, or is only there to be compiled against. */
const BUILDERS =
  /^(clang|gcc|g\+\+|cc|c\+\+|c[89]9|cpp|tcc|llc|llvm.*|opt|ld(\.(bfd|gold|lld))?|as|make|gmake|cmake|ninja|node-gyp|npm|npx|yarn|corepack|bpftool|pahole)(-\d+)?$/;
const HEADERS = ['usr/include/linux', 'usr/include/bpf', 'usr/include/stdio.h', 'usr/src', 'lib/modules'];

/** No root holds what an image only needs to be built. */
export function nothingToBuildWith(mesh, findings) {
  for (const image of IMAGES) {
    const root = mesh.root(image);
    const { env } = stageOf(image);
    const directories = env.PATH.split(':').filter((path) => existsSync(join(root, path)));
    const programs = directories.flatMap((path) => readdirSync(join(root, path)));
    const found = programs.filter((name) => BUILDERS.test(name));
    const headers = HEADERS.filter((path) => existsSync(join(root, path)) && hasFiles(join(root, path)));
    findings.equal(`${image}: compilers, linkers, npm among ${programs.length} programs`, found.join(), '');
    findings.equal(`${image}: headers`, headers.join(), '');
    const [size] = execFileSync('du', ['-sm', root], { encoding: 'utf8' }).split('\t');
    findings.tell(`${image}: size of its root, MiB`, Number(size));
  }
}

const hasFiles = (path) => path.endsWith('.h') || readdirSync(path).length > 0;

/** The collector serves as the user that its image names, and can write to its volumes only. */
export async function collectorServes(mesh, findings) {
  const look = mesh.collector({
    entrypoint: ['sh', '-c'],
    args: ['for place in /etc /opt/undermesh /usr/local/bin /var/lib; do touch $place/x; done'],
  });
  await look.ended();
  const refused = look.output.match(/Read-only file system/g)?.length;
  findings.equal('collector: places outside of its volumes that cannot be written to', refused, 4);
  const collector = await mesh.startCollector();
  const status = readFileSync(`/proc/${collector.pid}/status`, 'utf8');
  findings.equal('collector: user', /^Uid:\s+(\d+)/m.exec(status)[1], String(stageOf('collector').user.uid));
  findings.equal('collector: capabilities', effective(status), 0n);
  findings.equal('collector: /healthz', mesh.ask('/healthz'), '{"status":"ok"}');
  const page = mesh.ask('/');
  const script = /src="(\/_next\/static\/[^"]+\.js)"/.exec(page)?.[1];
  findings.holds(
    'collector: dashboard with its scripts',
    script !== undefined && mesh.ask(script).length > 1000,
    script,
  );
}

const effective = (status) => BigInt(`0x${/^CapEff:\s+(\w+)/m.exec(status)[1]}`);

/** Objects that are damaged or missing are refused, by a code that is documented, before anything is in the kernel. */
export async function damageIsRefused(mesh, findings) {
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-damaged-'));
  try {
    const object = readFileSync(join(mesh.root('agent'), OBJECTS, 'http.bpf.o'));
    object.writeUInt8(object.readUInt8(object.length >> 1) ^ 1, object.length >> 1);
    writeFileSync(join(directory, 'http.bpf.o'), object);
    mkdirSync(join(directory, 'empty'));
    const cases = {
      object_damaged: { from: join(directory, 'http.bpf.o'), to: `${OBJECTS}/http.bpf.o`, readOnly: true },
      object_missing: { from: join(directory, 'empty'), to: OBJECTS, readOnly: true },
    };
    for (const [code, volume] of Object.entries(cases)) {
      const agent = mesh.agent({ volumes: [volume] });
      findings.equal(`agent: exit code on ${code}`, await agent.ended(), 1);
      findings.holds(`agent: says ${code}`, agent.output.includes(`"code":"${code}"`));
      findings.equal(`agent: has pinned something on ${code}`, mesh.pinned, false);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/**
 * The agent loads the objects of its image, attaches, and what it sees reaches the collector; asked to, it leaves nothing
 * in the kernel.
 */
export async function agentSees(mesh, findings, { connections }) {
  const { testbed, namespaces } = mesh;
  const agent = await mesh.startAgent();
  const status = readFileSync(`/proc/${agent.pid}/status`, 'utf8');
  const names = grantedToAgents();
  findings.equal(`agent: capabilities are ${names.join(', ')}`, count(effective(status)), names.length);
  const nodes = () => JSON.parse(mesh.ask('/api/v1/nodes')).items;
  await mesh.untilTrue(() => nodes()[0]?.kernel?.features.preface !== undefined);
  const [{ hooks, kernel }] = nodes();
  findings.holds(
    'agent: attached',
    hooks.length > 0 && hooks.every(({ attached }) => attached),
    hooks.length,
  );
  const lacking = Object.keys(kernel.features).filter((name) => kernel.features[name] !== true);
  findings.equal('agent: abilities that it lacks here', lacking.join(), '');
  findings.equal('agent: engine is pinned', mesh.pinned, true);
  const place = (workload) => testbed.cgroup(`${mesh.node}/shop/${workload}`);
  const target = { address: SERVER, port: '9000-9003' };
  const server = await startLoadServer(testbed, target, {
    namespace: namespaces.server,
    cgroup: place('server'),
  });
  const load = { ...target, connections, send: '16-3000', receive: '1-10000' };
  const made = await runLoadClient(testbed, load, { namespace: namespaces.agent, cgroup: place('client') });
  const accepted = await server.stop();
  findings.equal('connections made', made.completed, connections);
  findings.equal('connections accepted', accepted.established, connections);
  const records = await mesh.settled(2 * connections);
  findings.equal('ends made', records.made, 2 * connections);
  findings.equal('ends stored', records.stored, 2 * connections);
  findings.equal('agent: exit code', await agent.stop(), 0);
  const uninstall = mesh.agent({ args: ['uninstall'] });
  findings.equal('agent: exit code of uninstall', await uninstall.ended(), 0);
  findings.equal('agent: pins after uninstall', mesh.pinned, false);
}

const count = (bits) => bits.toString(2).replaceAll('0', '').length;

/** Every package of a root is in its bill of materials, which is CycloneDX by its schema; and npm knows all as production's. */
export function billsAreWhole(mesh, findings) {
  for (const image of IMAGES) {
    const root = mesh.root(image);
    const bill = billOfMaterials(`undermesh/${image}`, root);
    const validate = schema();
    findings.holds(
      `${image}: CycloneDX 1.5`,
      validate(bill),
      validate.errors?.map(({ instancePath, message }) => `${instancePath} ${message}`).join('; '),
    );
    const purls = new Set(bill.components.map(({ purl }) => purl?.replace(/\?.*/, '')));
    const debian = [...installedByDebian(root)].filter((purl) => !purls.has(purl));
    findings.equal(`${image}: packages of Debian that are not in it`, debian.join(), '');
    const byNpm = productionByNpm();
    const listed = [...purls].filter((purl) => purl?.startsWith('pkg:npm/'));
    const others = listed.filter((purl) => !byNpm.has(purl));
    findings.equal(`${image}: packages of npm that are not for production`, others.join(), '');
    const shipped = packageFiles(join(root, 'opt/undermesh')).filter((purl) => !purls.has(purl));
    findings.equal(`${image}: packages of npm that are not in it`, shipped.join(), '');
    findings.tell(`${image}: components`, bill.components.length);
  }
}

/** Debian's own list. */
function* installedByDebian(root) {
  const text = readFileSync(join(root, 'var/lib/dpkg/status'), 'utf8');
  for (const [, name, version] of text.matchAll(/^Package: (.+)\n(?:.+\n)*?Version: (.+)$/gm)) {
    yield `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}`;
  }
}

/** Every package.json that names a version, wherever it is. */
function packageFiles(directory) {
  const found = execFileSync('find', [directory, '-path', '*/node_modules/*', '-name', 'package.json'], {
    encoding: 'utf8',
  });
  return found
    .trim()
    .split('\n')
    .filter((path) => /\/node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path))
    .map((path) => purlOf(JSON.parse(readFileSync(path, 'utf8'))));
}

const purlOf = ({ name, version = '' }) =>
  `pkg:npm/${name.replace('@', '%40')}@${encodeURIComponent(version)}`;

/** Packages that npm wrote into the lock file for more than development. */
function productionByNpm() {
  const { packages } = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8'));
  const entries = Object.entries(packages).filter(([, { dev, link }]) => !dev && !link);
  const nameOf = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  return new Set(entries.map(([path, entry]) => purlOf({ name: nameOf(path), ...entry })));
}

/** The schema of CycloneDX 1.5, as its own library carries it. */
function schema() {
  const library = createRequire(import.meta.url).resolve('@cyclonedx/cyclonedx-library/package.json');
  const read = (name) =>
    JSON.parse(readFileSync(join(dirname(library), 'res/schema', `${name}.SNAPSHOT.schema.json`), 'utf8'));
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
  for (const name of ['spdx', 'jsf-0.82'])
    ajv.addSchema(read(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  addFormats(ajv);
  return ajv.compile(read('bom-1.5'));
}
