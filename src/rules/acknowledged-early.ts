import type { Acknowledgement, Confidence, Problem, Severity } from '../model/index.js';

/** How a broker's kind of acknowledgement reads: `acknowledges`, `acknowledged`. `limits`: what else follows where nothing waits for the work; `confidence`: of work that stands behind it. */
export interface EarlyWords { readonly does: string; readonly done: string; readonly limits?: string; readonly confidence: Confidence; readonly severity?: Severity }

/** What is lost where messages are acknowledged in front of their work, or while it runs and nothing waits for it. */
export function* acknowledgedEarly(acks: readonly Acknowledgement[], { does, done, limits = '', confidence, severity }: EarlyWords): Iterable<Problem> {
  const label = `${done} here`;
  for (const { at, text, before, during } of acks) {
    if (during) {
      yield {
        order: 5, at, confidence: 'medium', label, ...(severity && { severity }),
        message: `${during.text} is not waited for: ${text} ${does} the message while its work still runs, and a deployment that cuts the work loses it${limits}`,
        related: [{ at: during.at, message: 'started, not waited for' }], suggestion: `write \`await ${during.text}\` in front of ${text}`, fate: `${done} → SIGTERM in the work: lost`,
      };
    }
    if (!before) continue;
    yield {
      order: 5, at, confidence, label, ...(severity && { severity }),
      message: `${text} stands in front of ${before.text}: a message whose work is cut by a deployment is lost`,
      related: [{ at: before.at, message: 'the work' }], suggestion: `move ${text} behind ${before.text}`, fate: `${done} → SIGKILL in the work: lost`,
    };
  }
}
