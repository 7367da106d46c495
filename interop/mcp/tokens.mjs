// Counts the tokens of a list of tools as o200k does; passes while there are less than 6,000.
import fs from 'node:fs';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';

const tools = JSON.parse(fs.readFileSync(process.argv[2]));
const count = (value) => encode(JSON.stringify(value)).length;
for (const tool of tools) console.log(`${count(tool)}\t${tool.name}`);
const all = count(tools);
console.log(`${all}\tall`);
process.exit(all < 6000 ? 0 : 1);
