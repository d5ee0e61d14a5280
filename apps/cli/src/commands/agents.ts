// SPDX-License-Identifier: Apache-2.0
import type { AgentMember, AgentMembers, Invitation } from '@undermesh/schema';
import type { Command } from 'commander';
import type { Host } from '../host.js';
import { type CommonOptions, clientOf } from '../options.js';
import { printJson } from '../output/json.js';
import type { Line } from '../output/line.js';
import { type Column, table } from '../output/table.js';
import { ABSENT, formatTime } from '../words/figures.js';

/** Adds `undermesh agents`, and `add` and `remove` below it. */
export function addAgents(program: Command, host: Host): void {
  const agents = program
    .command('agents')
    .description('which agents have joined with a certificate, were invited or removed')
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const members = await clientOf(host, options).get('agents');
      if (options.output === 'json') return printJson(host.terminal, members);
      host.terminal.print(agentLines(members, { width: host.terminal.columns, now: Date.now() }));
    });
  agents
    .command('add')
    .description('make a token by which the agent of a node joins, once; needs the operator token')
    .argument('<node>', 'name of the node, as agent.node says it')
    .action(async (node: string, _options, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const client = clientOf(host, options);
      const invitation = await client.invite(node);
      if (options.output === 'json') return printJson(host.terminal, invitation);
      host.terminal.write(`${invitation.token}\n`);
      for (const line of howToJoin(invitation, client.access.url)) host.terminal.note(line);
    });
  agents
    .command('remove')
    .description('refuse the certificate of the agent of a node from now on; needs the operator token')
    .argument('<node>', 'name of the node')
    .action(async (node: string, _options, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const member = await clientOf(host, options).removeAgent(node);
      if (options.output === 'json') return printJson(host.terminal, member);
      host.terminal.print([[`${node} is removed: its agent is hung up on, and its certificate is refused.`]]);
    });
}

/** The token stands alone on standard output, for a file or a pipe; this goes beside it. */
function howToJoin({ node, expiresAt }: Invitation, url: URL): Line[] {
  return [
    [{ text: `Good once, until ${expiresAt}. On ${node}, as root:`, style: 'dim' }],
    [`  undermesh-agent join --node ${node} --collector ${url.href}`],
    [{ text: 'It asks for the token, on its standard input.', style: 'dim' }],
  ];
}

/** A line for each agent. `now`: Unix ms. */
export function agentLines(
  { items }: AgentMembers,
  of: { readonly width: number | null; readonly now: number },
): Line[] {
  if (items.length === 0)
    return [['No agent has joined with a certificate. undermesh agents add NODE invites one.']];
  return table(columns(of.now), items, of.width);
}

const columns = (now: number): Column<AgentMember>[] => [
  { header: 'Node', elastic: true, cell: ({ node }) => [node] },
  {
    header: 'State',
    cell: ({ state }) => [{ text: state, style: state === 'removed' ? 'yellow' : undefined }],
  },
  { header: 'Connected', cell: ({ connected }) => [connected ? 'yes' : 'no'] },
  { header: 'Joined by', minor: 1, cell: ({ joinedBy }) => [joinedBy ?? ABSENT] },
  { header: 'Since', minor: 2, cell: ({ since }) => [formatTime(since, now)] },
  {
    header: 'Certificate until',
    minor: 3,
    cell: ({ expiresAt }) => [expiresAt === null ? ABSENT : formatTime(expiresAt, now)],
  },
];
