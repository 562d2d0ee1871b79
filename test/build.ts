import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Tests of the command line run what users run: the build. */
export async function setup(): Promise<void> {
  const { build } = await import('../scripts/build.js');
  build();
}

/** What the command line kept meanwhile; the directory of the configuration of vitest, which runs in this process. */
export function teardown(): void {
  rmSync(join(tmpdir(), `drainlint-cache-${process.pid}`), { recursive: true, force: true });
}
