// SPDX-License-Identifier: Apache-2.0
import { basename, dirname, resolve } from 'node:path/posix';

/** What is known of a living process that can name it. */
export interface ProgramFacts {
  /** Name of the thread group leader, at most 15 characters. */
  readonly comm: string;
  /** Target of /proc/<pid>/exe; empty when unreadable. */
  readonly executable: string;
  readonly argv: readonly string[];
  /** Working directory; empty when unreadable. */
  readonly directory: string;
}

interface Interpreter {
  readonly names: RegExp;
  /** Options whose value is the next argument. */
  readonly valued: ReadonlySet<string>;
  /** Options after which there is no script: the program text stands on the command line. */
  readonly inline: ReadonlySet<string>;
  /** Option whose value names the program itself (`-m`, `-jar`). */
  readonly named: ReadonlySet<string>;
}

const options = (text: string): ReadonlySet<string> =>
  new Set(text.split(' ').filter((option) => option !== ''));

const INTERPRETERS: readonly Interpreter[] = [
  {
    names: /^(?:node|nodejs|bun|deno|MainThread|node-MainThread)$/,
    valued: options(
      '-r --require --import --loader --experimental-loader -C --conditions --env-file --input-type --title',
    ),
    inline: options('-e -p -pe --eval --print -i --interactive'),
    named: options(''),
  },
  {
    names: /^(?:python|pypy)[0-9.]*$/,
    valued: options('-W -X --check-hash-based-pycs'),
    inline: options('-c -i'),
    named: options('-m'),
  },
  {
    names: /^j(?:ava|svc)$/,
    valued: options('-cp -classpath --class-path -p --module-path --add-modules'),
    inline: options(''),
    named: options('-jar -m --module'),
  },
  {
    names: /^(?:ruby|perl|php)[0-9.]*(?:-cgi)?$/,
    valued: options('-I -c -d'),
    inline: options('-e -r -E'),
    named: options(''),
  },
  {
    names: /^(?:ba|da|z|k|a)?sh$/,
    valued: options('-o +o --rcfile --init-file'),
    inline: options('-c -i -l -s'),
    named: options(''),
  },
];

/** Scripts called like that are named after the directory they stand in. */
const GENERIC = new Set(['index', 'main', '__main__', 'app', 'server', 'start', 'run', 'cli']);
/** Directories that say nothing either. */
const LAYOUT = new Set(['dist', 'build', 'src', 'lib', 'out', 'bin', 'target', 'app', 'server']);

/**
 * A name for a process: the executable's; for an interpreter (node, python, java, ruby, perl, php, a shell) its
 * script's, module's or jar's, without extension; for a script with a general name (index, main, app, server ...) the
 * nearest directory that is not one of the layout (dist, src ...).
 */
export function programName(facts: ProgramFacts): string {
  const { comm, argv } = facts;
  const executable = basename(facts.executable.replace(/ \(deleted\)$/, ''));
  const called = basename(argv[0] ?? '');
  const interpreter = INTERPRETERS.find(({ names }) => names.test(executable) || names.test(called));
  if (interpreter === undefined) {
    // comm is cut at 15 characters; a process that renamed itself keeps the name it chose.
    return executable.startsWith(comm) && executable !== '' ? executable : comm;
  }
  const fallback = interpreter.names.test(comm) ? executable || called || comm : comm;
  const program = programArgument(interpreter, argv);
  return program === undefined
    ? fallback
    : (scriptName(resolve(facts.directory || '/', program)) ?? fallback);
}

/** The argument that names the program of an interpreter. */
function programArgument(interpreter: Interpreter, argv: readonly string[]): string | undefined {
  for (let i = 1; i < argv.length; i++) {
    const argument = argv[i] ?? '';
    if (interpreter.inline.has(argument)) return undefined;
    if (interpreter.named.has(argument))
      return argv[i + 1]?.split('/')[0] === '' ? argv[i + 1] : moduleName(argv[i + 1]);
    if (interpreter.valued.has(argument)) i++;
    else if (!argument.startsWith('-') && argument !== '') return argument;
  }
  return undefined;
}

/** `package.module`, `module/package.Class`, `path/to.jar`. */
const moduleName = (text: string | undefined): string | undefined =>
  text === undefined || text.endsWith('.jar') ? text : text.split('/').at(-1);

function scriptName(path: string): string | undefined {
  const stem = basename(path)
    .replace(/\.(?:[cm]?[jt]sx?|pyz?|rb|pl|php|sh|jar)$/, '')
    .replace(/-\d+(?:\.\d+)+.*$/, '');
  if (!GENERIC.has(stem)) return stem === '' ? undefined : stem;
  let directory = dirname(path);
  while (LAYOUT.has(basename(directory))) directory = dirname(directory);
  const name = basename(directory);
  return name === '' ? stem : name;
}
