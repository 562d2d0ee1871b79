// Runs the command line, and writes what it took into the file that DRAINLINT_MEASURED names: processor time (s) and the most memory that it held (MB).
import { readFileSync, writeFileSync } from 'node:fs';

process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  const most = Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  writeFileSync(process.env.DRAINLINT_MEASURED, JSON.stringify({ seconds: (user + system) / 1e6, megabytes: most * 1024 / 1e6 }));
});
await import('../../bin/drainlint.js');
