// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';
import { createLogger, UndermeshError } from '@undermesh/core';
import { createAgent } from './agent.js';
import { loadAgentConfig } from './config/load.js';
import { examine, report } from './doctor/doctor.js';
import { environment } from './environment.js';
import { supportCommand } from './support/command.js';
import { joinCommand } from './tls/command.js';
import { uninstall } from './uninstall.js';

const USAGE = `undermesh-agent [run|join|doctor|support-bundle|uninstall] [options]

  run                  observe until SIGTERM or SIGINT
  join                 get a certificate from the collector by a token that \`undermesh agents add\` printed
  doctor               look at all that an agent needs here, say what is wrong and what to do; changes nothing
  support-bundle       write a file with all that a report needs and no secrets; changes nothing
  uninstall            remove the engine, and all that an agent that was killed left behind; --purge: state as well

  --config FILE        undermesh.yaml (default: UNDERMESH_CONFIG, then /etc/undermesh/undermesh.yaml)
  --node NAME          name of this node
  --cgroup PATH        what to observe; / is the whole host
  --collector URL      e.g. http://127.0.0.1:7070, or https://collector.example:7070
  --credential FILE    the agent credential, without TLS
  --token-file FILE    join: the token (default: agent.join.tokenFile, else it is asked for)
  --port PORT          of /metrics, /healthz and /readyz
  --set KEY=VALUE      any other setting, e.g. --set drain.idle=250; may be repeated
  --supervised         stop when the parent process ends
  --json               what the doctor found, for programs
  --file FILE          support-bundle: the file to write, - for standard output (default: undermesh-agent-support-TIME.tar.gz)
  --minutes N          support-bundle: how far log lines go back (default: 60)
  --log FILE           support-bundle: the agent's log lines, where the journal does not have them
  --anonymise          support-bundle: replace names and addresses
  --purge              uninstall: also what is kept on disk: records not sent, the newest order, key and credential
  --help`;

/** Runs the program `undermesh-agent`; resolves with its exit code. `print` writes to standard output. */
export async function runCommand(args: string[], print: (text: string) => void): Promise<number> {
  const log = createLogger('agent');
  try {
    const { values, positionals } = parse(args);
    if (values.help === true) {
      print(USAGE);
      return 0;
    }
    const [command = 'run'] = positionals;
    if (!isCommand(command)) throw usage(`there is no command '${command}'`);
    const flags: Record<string, string | undefined> = {
      node: values.node,
      cgroup: values.cgroup,
      'collector.url': values.collector,
      'collector.credentialFile': values.credential,
      'join.tokenFile': values['token-file'],
      'listen.port': values.port,
    };
    for (const setting of values.set ?? []) {
      const at = setting.indexOf('=');
      if (at < 1) throw usage(`--set takes KEY=VALUE, not '${setting}'`);
      flags[setting.slice(0, at)] = setting.slice(at + 1);
    }
    const sources = { file: values.config, env: environment, flags };
    if (command === 'doctor') {
      const findings = await examine(sources);
      print(values.json === true ? JSON.stringify(findings) : report(findings));
      return findings.some(({ verdict }) => verdict === 'wrong') ? 1 : 0;
    }
    if (command === 'support-bundle') {
      await supportCommand(sources, values, print);
      return 0;
    }
    const config = loadAgentConfig(sources);
    if (command === 'join') {
      print(await joinCommand(config));
      return 0;
    }
    if (command === 'uninstall') {
      const removed = await uninstall(config, { purge: values.purge ?? false });
      print(removed.length === 0 ? 'Nothing was left to remove.' : `Removed:\n  ${removed.join('\n  ')}`);
    } else await createAgent(config, { supervised: values.supervised ?? false }).run();
    return 0;
  } catch (error) {
    if (error instanceof UndermeshError) log.fatal({ code: error.code, cause: error.cause }, error.message);
    else log.fatal({ err: error }, 'the agent failed');
    return 1;
  }
}

const COMMANDS = ['run', 'join', 'doctor', 'support-bundle', 'uninstall'] as const;
const isCommand = (command: string): command is (typeof COMMANDS)[number] =>
  (COMMANDS as readonly string[]).includes(command);

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        node: { type: 'string' },
        cgroup: { type: 'string' },
        collector: { type: 'string' },
        credential: { type: 'string' },
        'token-file': { type: 'string' },
        port: { type: 'string' },
        set: { type: 'string', multiple: true },
        supervised: { type: 'boolean' },
        json: { type: 'boolean' },
        file: { type: 'string' },
        minutes: { type: 'string' },
        log: { type: 'string' },
        anonymise: { type: 'boolean' },
        purge: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (cause) {
    throw usage(cause instanceof Error ? cause.message : String(cause));
  }
}

const usage = (problem: string): UndermeshError =>
  new UndermeshError({
    code: 'config_invalid',
    message: `Cannot use the command line: ${problem}. See --help.`,
  });
