// The last step of action.yml: shows annotations where code scanning does not show the findings, and ends as drainlint ended.
import { readFileSync } from 'node:fs';
import { say } from './commands.js';

const { INPUT_SARIF: sarif, UPLOAD: upload, ANNOTATIONS: annotations, EXIT_CODE: code } = process.env;

process.exitCode = Number(code);
if (upload !== 'success') process.stdout.write(readFileSync(annotations, 'utf8'));
if (upload === 'failure') {
  const why = 'code scanning did not take the findings (it is off for this repository, or the job lacks the permission security-events: write)';
  if (sarif === 'always') process.exitCode = 1;
  say(sarif === 'always' ? 'error' : 'notice', sarif === 'always' ? `${why}: turn it on, or write sarif: auto` : `${why}: they are annotations instead`);
}
