import type { Finding, Report } from '../model/index.js';
import { isRunning, place } from '../model/index.js';
import { clean } from './clean.js';
import { groupFindings, workerHeading } from './groups.js';
import { details } from './options.js';

interface Suite { readonly name: string; readonly cases: readonly Case[] }
interface Case { readonly outcome: 'passed' | 'failure' | 'skipped'; readonly xml: string }

/**
 * JUnit's XML: a suite per worker (or what else the findings concern), a failed test per finding, a skipped one where it is suppressed.
 * A worker without a finding has a passed test, so that a clean report is green and not without tests.
 */
export function junit(report: Report): string {
  const found = groupFindings(report, report.findings).map(({ heading, findings }) => ({ name: heading, cases: findings.map(caseOf) }));
  const suites: readonly Suite[] = [...found, ...cleanWorkers(report).filter(name => !found.some(suite => suite.name === name)).map(name => ({ name, cases: [PASSED] }))];
  const all = suites.length > 0 ? suites : [{ name: report.tool.name, cases: [PASSED] }];
  return ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites name="drainlint" ${counts(all.flatMap(({ cases }) => cases))}>`, ...all.map(suiteXml), '</testsuites>', ''].join('\n');
}

const PASSED: Case = { outcome: 'passed', xml: '<testcase classname="drainlint" name="no finding"/>' };

/** The headings of workers that no finding concerns. */
function cleanWorkers({ findings, model }: Report): readonly string[] {
  const concerned = new Set(findings.flatMap(({ workers = [], resource }) => [...workers, ...(resource === undefined ? [] : [resource])]));
  const clean = model.workers.filter(({ id, app, service }) => !concerned.has(id) && !(app && concerned.has(app.id)) && !(service && concerned.has(service.name)));
  return [...new Set(clean.map(workerHeading))];
}

function suiteXml({ name, cases }: Suite): string {
  return [`  <testsuite name="${escape(clean(name))}" ${counts(cases)}>`, ...cases.map(({ xml }) => `    ${xml}`), '  </testsuite>'].join('\n');
}

function counts(cases: readonly Case[]): string {
  const count = (outcome: Case['outcome']): number => cases.filter(each => each.outcome === outcome).length;
  return `tests="${cases.length}" failures="${count('failure')}" errors="0" skipped="${count('skipped')}"`;
}

function caseOf(finding: Finding): Case {
  const { at, ruleId, severity, suppressed, related = [] } = finding;
  const message = clean(finding.message);
  const attributes = Object.entries({ classname: ruleId, name: `${clean(place(at))} ${message}`, ...(!isRunning(at) && { file: clean(at.path), line: String(at.startLine) }) });
  const open = `<testcase ${attributes.map(([name, value]) => `${name}="${escape(value)}"`).join(' ')}>`;
  if (suppressed) return { outcome: 'skipped', xml: `${open}<skipped message="${escape(clean(suppressed.reason))}"/></testcase>` };
  const body = [`${severity}: ${message}`, ...related.map(other => clean(`${place(other.at)} ${other.message}`)), ...details(finding)].join('\n');
  return { outcome: 'failure', xml: `${open}<failure type="${severity}" message="${escape(message)}">${escape(body)}</failure></testcase>` };
}

/** Text for an element or an attribute, without the characters that XML 1.0 has no way to write (section 2.2). */
function escape(text: string): string {
  return text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '').replace(/[&<>"\t]/g, sign => `&#${sign.charCodeAt(0)};`);
}
