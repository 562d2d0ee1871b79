import { readFileSync } from 'node:fs';
import type { ReadProblem } from '../../model/index.js';
import { stoppedTaskOf, type Answer } from './redact.js';

/** Tasks that were stopped, from an archive of "ECS Task State Change" events of EventBridge: one JSON object on each line, as it or in a list. */
export function readEvents(file: string): { readonly tasks: readonly Answer[]; readonly problems: readonly ReadProblem[] } {
  const tasks = new Map<string, Answer>();
  const problems: ReadProblem[] = [];
  for (const [i, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    if (line.trim() === '') continue;
    let found: unknown;
    try { found = JSON.parse(line); } catch {
      problems.push({ message: 'this line is no JSON', at: { path: file, startLine: i + 1, startColumn: 1, endLine: i + 1, endColumn: line.length + 1 } });
      continue;
    }
    for (const event of Array.isArray(found) ? found as unknown[] : [found]) {
      const { 'detail-type': type, detail } = (event ?? {}) as { readonly 'detail-type'?: string; readonly detail?: Answer };
      if (type !== 'ECS Task State Change' || typeof detail !== 'object' || detail.lastStatus !== 'STOPPED') continue;
      // the last word on a task counts
      tasks.set(String(detail.taskArn), { ...stoppedTaskOf(detail), clusterArn: detail.clusterArn });
    }
  }
  return { tasks: [...tasks.values()], problems };
}
