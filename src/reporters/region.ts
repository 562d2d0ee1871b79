import type { SourceLocation } from '../model/index.js';

/** A place as the JSON report writes it. */
export function region({ path, startLine, startColumn, endLine, endColumn, logical }: SourceLocation): SourceLocation {
  return { path, startLine, startColumn, endLine, endColumn, ...(logical !== undefined && { logical }) };
}
