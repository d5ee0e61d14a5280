// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { programName } from '../../src/identity/program-name.js';

const name = (comm: string, executable: string, argv: string, directory = '/') =>
  programName({ comm, executable, argv: argv.split(' '), directory });

describe('the name of a program', () => {
  it.each([
    // executables
    ['nginx', '/usr/sbin/nginx', 'nginx: master process nginx', '/', 'nginx'],
    ['systemd-resolve', '/usr/lib/systemd/systemd-resolved', 'systemd-resolved', '/', 'systemd-resolved'],
    ['redis-server', '/usr/bin/redis-server (deleted)', 'redis-server *:6379', '/', 'redis-server'],
    ['httpd', '/bin/busybox', 'httpd -f', '/', 'httpd'],
    ['kworker', '', '', '/', 'kworker'],
    // node
    ['node', '/usr/bin/node', 'node /srv/bookshop/reviews.js', '/', 'reviews'],
    [
      'node',
      '/usr/bin/node',
      'node --import tsx -r dotenv/config dist/server.mjs',
      '/srv/ratings',
      'ratings',
    ],
    ['MainThread', '/usr/bin/node', 'node --max-old-space-size=200 api.ts', '/srv', 'api'],
    ['node', '/usr/bin/node', 'node -e setTimeout(()=>{},9)', '/', 'node'],
    ['node', '/usr/bin/node', 'node', '/', 'node'],
    [
      'undermesh-agent',
      '/usr/bin/node',
      '/usr/bin/node /opt/bin/undermesh-agent.mjs',
      '/',
      'undermesh-agent',
    ],
    ['node', '/usr/bin/node', 'node index.js', '/', 'index'],
    // python
    ['python3', '/usr/bin/python3.11', 'python3 -u app.py --port 80', '/srv/details', 'details'],
    ['python3', '/usr/bin/python3.11', 'python3 -W ignore -m http.server 8000', '/', 'http.server'],
    ['gunicorn', '/usr/bin/python3.11', '/usr/bin/python3 /usr/local/bin/gunicorn shop:app', '/', 'gunicorn'],
    ['python3', '/usr/bin/python3.11', 'python3 -c print(1)', '/', 'python3.11'],
    ['myapp', '/usr/bin/python3.11', 'python3 -c print(1)', '/', 'myapp'],
    // java
    ['java', '/usr/lib/jvm/bin/java', 'java -Xmx1g -jar /opt/reviews-1.2.3.jar', '/', 'reviews'],
    ['java', '/usr/lib/jvm/bin/java', 'java -cp a.jar:b.jar org.apache.Kafka x', '/', 'org.apache.Kafka'],
    ['java', '/usr/lib/jvm/bin/java', 'java -p mods -m shop/org.shop.Main', '/', 'org.shop.Main'],
    // others
    ['ruby', '/usr/bin/ruby3.1', 'ruby -I lib worker.rb', '/srv', 'worker'],
    ['sh', '/usr/bin/dash', 'sh /opt/poll.sh', '/', 'poll'],
    ['sh', '/usr/bin/dash', 'sh -c sleep 1', '/', 'dash'],
  ])('%s %s %s in %s is %s', (comm, executable, argv, directory, expected) => {
    expect(name(comm, executable, argv, directory)).toBe(expected);
  });
});
