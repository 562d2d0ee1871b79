import { cpSync, mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const PARTS = ['action.yml', 'bin', 'integrations', 'scripts', 'src', 'schema', 'package.json', 'package-lock.json', 'tsdown.config.ts', 'tsconfig.json', '.npmrc', 'README.md', 'LICENSE'];

/** The action as the runner lays it down: neither built nor installed, no git. */
export function actionCopy(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'action-')));
  for (const part of PARTS) cpSync(join(root, part), join(folder, part), { recursive: true });
  return folder;
}
