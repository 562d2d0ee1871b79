// `npm start`: audits the example, whatever it finds. Further arguments go to drainlint.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from './build.js';

build();
const bin = fileURLToPath(new URL('../bin/drainlint.js', import.meta.url));
const example = fileURLToPath(new URL('../examples/newsletter', import.meta.url));
process.exitCode = spawnSync(process.execPath, [bin, 'check', example, '--fail-on', 'never', ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 2;
