// Holds the entry that `mcp install` prints for each client against what a registry of clients says of its file.
import { spawnSync } from 'node:child_process';
import { MCPConfigRegistry } from '@gleanwork/mcp-config-schema';

const program = process.argv[2];
const home = '/home/somebody';
let bad = 0;
let held = 0;
for (const client of new MCPConfigRegistry().getAllConfigs()) {
  const line = ['mcp', 'install', '--client', client.id, '--program', '/x/omics-ecr', '--', '--profile', 'lab'];
  const env = { PATH: process.env.PATH, HOME: home };
  const { status, stdout, stderr } = spawnSync(program, line, { env, encoding: 'utf8' });
  if (status !== 0) {
    console.log(`${client.id}: not offered`);
    continue;
  }
  const problems = [];
  const file = client.configPath[process.platform]?.replace('$HOME', home);
  if (file && !stderr.includes(file)) problems.push(`another file than ${file}: ${stderr}`);
  const root = client.configStructure.serversPropertyName;
  if (client.configFormat === 'toml') {
    if (!stdout.startsWith(`[${root}.omics-ecr]\ncommand = `)) problems.push(stdout);
  } else {
    const entry = JSON.parse(stdout)[root]?.['omics-ecr'] ?? {};
    const { commandProperty, argsProperty, typeProperty } = client.configStructure.stdioPropertyMapping;
    const wanted = ['/x/omics-ecr', 'mcp', '--profile', 'lab'];
    const words = [entry[commandProperty], argsProperty === commandProperty ? [] : entry[argsProperty]].flat();
    if (JSON.stringify(words) !== JSON.stringify(wanted)) problems.push(stdout);
    if (entry.type && !typeProperty) problems.push('it has a type');
  }
  held += 1;
  for (const problem of problems) console.log(`${client.id}: ${problem}`);
  bad += problems.length;
}
console.log(`${held} clients`);
process.exit(bad === 0 && held >= 9 ? 0 : 1);
