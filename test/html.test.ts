import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { html } from '../src/reporters/html/index.js';
import { DARK, LIGHT, type Palette } from '../src/reporters/html/styles.js';
import type { Finding, Report, Worker } from '../src/model/index.js';
import { app, at, emptyModel, model, plain, report, stopTimeout, worker } from './report-fixtures.js';

const page = html;
/** The elements and attributes of a page, in order, without the texts: what a browser would make of it. */
const skeleton = (text: string): readonly string[] => [...text.replace(/<(style|script)>[\s\S]*?<\/\1>/g, '<$1>').matchAll(/<(!?\/?[a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*\/?>/gi)]
  .map(([, name, attributes]) => `${name!} ${[...attributes!.matchAll(/([a-z-]+)(?:=|\s|$)/g)].length > 0 ? attributes!.replace(/="[^"]*"/g, '').trim() : ''}`);
const textOf = (text: string): string => text.replace(/<(style|script)>[\s\S]*?<\/\1>/g, '').replace(/<[^>]*>/g, '').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, '&');

describe('one file that asks for nothing', () => {
  const text = page(report([stopTimeout]));
  test('a policy that allows its own style and script by their hashes, and nothing else', () => {
    const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(text)!;
    const hashOf = (tag: string): string => createHash('sha256').update(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(text)![1]!).digest('base64');
    expect(policy).toBe(`default-src 'none'; style-src 'sha256-${hashOf('style')}'; script-src 'sha256-${hashOf('script')}'; base-uri 'none'; form-action 'none'`);
    expect(text.indexOf('Content-Security-Policy')).toBeLessThan(text.indexOf('<style>'));
  });
  test('no address, style attribute or handler in it', () => {
    expect(text).not.toMatch(/\s(?:src|srcset|style|action|on[a-z]+)=|<(?:link|img|iframe|object|base)\b|@import|url\(/);
    expect([...text.matchAll(/href="([^"]*)"/g)].map(([, address]) => address!).filter(address => !/^#/.test(address))).toEqual(['https://docs.celeryq.dev/']);
  });
  test('language, title, headings without a gap, every id once, every address within the page there', () => {
    expect(text).toContain('<html lang="en">');
    expect(text).toContain('<title>drainlint: 1 error</title>');
    const levels = [...text.matchAll(/<h(\d)/g)].map(([, level]) => Number(level));
    expect(levels[0]).toBe(1);
    for (const [i, level] of levels.entries()) if (i > 0) expect(level).toBeLessThanOrEqual(levels[i - 1]! + 1);
    const ids = [...text.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id!);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, name] of text.matchAll(/href="#([^"]*)"/g)) expect(ids).toContain(name);
    for (const [, names] of text.matchAll(/aria-labelledby="([^"]*)"/g)) for (const name of names!.split(' ')) expect(ids).toContain(name);
  });
});

describe('a finding', () => {
  const text = page(report([{ ...stopTimeout, owner: '@team', where: 'console: Task definitions', flow: [{ at: at('a.py', 1, 1, 1, 2), text: 'send()' }, { at: at('b.py', 2, 1, 2, 2), text: 'mail()' }], sketches: [{ title: 'a loop', code: 'for x in y:\n\tpass' }] }]));
  test('says all that the text says', () => {
    const said = textOf(text);
    for (const part of ['infra/worker.json:14:7', 'no stopTimeout: ECS waits 30 s', 'app/celery.py:12:1', 'a task may run this long', 'SIGTERM → 30 s → SIGKILL; the task is lost', 'set "stopTimeout": 120 in container worker', 'send()', 'mail()', '@team', 'console: Task definitions', 'Sketch: a loop', '    pass'])
      expect(said).toContain(part);
  });
  test('marks its place in the line, and what else counts otherwise', () => {
    expect(text).toContain('<span class="row" data-n="14">      <mark class="primary">&quot;name&quot;: &quot;worker&quot;</mark>,</span><span class="row said primary">      no stopTimeout: ECS waits 30 s</span>');
    expect(text).toContain('<mark>app.conf.task_time_limit = 600</mark>');
  });
  test('places that lie in one another are marked piece by piece', () => {
    const nested = plain('celery/early-ack', { at: at('app/celery.py', 12, 10, 12, 25), related: [{ at: at('app/celery.py', 12, 1, 12, 31), message: 'around it' }] });
    expect(page(report([nested]))).toContain('<mark>app.conf.</mark><mark class="primary">task_time_limit</mark><mark> = 600</mark>');
  });
  test('shows its fix as lines before and after', () => {
    expect(textOf(text)).toContain('Fix: set stopTimeout (drainlint --fix)');
    expect(text).toContain('<span class="row" data-n="14">      &quot;name&quot;: &quot;worker&quot;,</span><span class="row add" data-n="+">&quot;stopTimeout&quot;: 120,</span><span class="row" data-n="15">      &quot;image&quot;: &quot;worker&quot;,</span>');
    const replacing = plain('celery/early-ack', { fix: { title: 'late', safety: 'delivery', edits: [{ at: at('app/celery.py', 15, 20, 15, 25), text: 'True' }] } });
    expect(page(report([replacing]))).toContain('<span class="row del" data-n="−">    task_acks_late=False,</span><span class="row add" data-n="+">    task_acks_late=True,</span>');
  });
  test('is silenced in the language of its file, or in the configuration', () => {
    const silence = (path: string, more: Partial<Finding> = {}): string => /<span class="copy"><code>(.*?)<\/code>/.exec(page(report([plain('a/b', { at: at(path, 1, 1, 1, 1), ...more })])))![1]!;
    expect(silence('a.py')).toBe('# drainlint: ignore a/b -- why it does not matter here');
    expect(silence('a.tsx')).toBe('// drainlint: ignore a/b -- why it does not matter here');
    expect(silence('a.json')).toBe('- { rule: a/b, path: &quot;a.json&quot;, reason: why it does not matter here }');
    expect(silence('aws:arn:x', { resource: 'mail' })).toBe('- { rule: a/b, resource: &quot;mail&quot;, reason: why it does not matter here }');
  });
  test('that waits names the rule it waits for, and that one names it', () => {
    const signal = plain('container/shell-swallows-signal', { order: 1, severity: 'error', workers: [worker.id] });
    const both = page(report([signal, { ...stopTimeout, blockedBy: [signal.ruleId] }]));
    expect(both).toContain('blocked by container/shell-swallows-signal');
    expect(both).toContain('<dt>Blocks</dt><dd><a href="#f-aaaaaaaaaaaa">ecs/stop-timeout-too-short</a>');
  });
});

test('suppressed findings stand at the end, folded, with the reason', () => {
  const text = page(report([plain('celery/early-ack', { suppressed: { kind: 'inline', reason: 'metrics alone', at: at('app/celery.py', 14, 1, 14, 9) } })]));
  expect(text).toContain('<h1 class="verdict"><span>No findings</span></h1>');
  expect(textOf(text.slice(text.indexOf('id="suppressed"')))).toContain('Reason (comment, app/celery.py:14): metrics alone');
  expect(text).not.toContain('class="filters"');
});

test('says what it rests on, and what was not audited', () => {
  const said = textOf(page(report([], { hidden: 2 })));
  for (const part of ['celery is not pinned: judged as 5.6.3', 'rq.sh:1 rq: rq worker', 'app/celery.py:2 multiplier() could not be evaluated', '2 findings of lower confidence not shown']) expect(said).toContain(part);
  expect(textOf(page(report([], { model: emptyModel, scannedFiles: 3, readFiles: 0 })))).toContain('nothing to audit: none of 3 files speaks of Celery or ECS');
});

test('effective settings with their origins, and no password', () => {
  const text = page(report([]));
  expect(text).toContain('<tr><td><code>task_time_limit</code></td><td class="written"><code>600</code></td><td>app/celery.py:12<br><span class="muted">overrides settings.py:3</span></td></tr>');
  expect(text).toContain('redis://:*******@cache:6379/0');
  expect(text).not.toContain('hunter2');
  expect(textOf(text)).toContain('CELERY_ACKS_LATE = True app/celery.py:5: Celery reads no old names under a namespace');
});

describe('the timeline', () => {
  const drawn = (more: Partial<Worker>): string => page(report([], { model: { ...emptyModel, workers: [{ ...worker, ...more }] } })).replace(/^[\s\S]*?<div class="drawn">/, '');
  const barsOf = (text: string): readonly (readonly [string, number])[] => [...text.matchAll(/<rect class="(\w+)" x="([\d.]+)%" y="\d+" width="([\d.]+)%"/g)].map(([, kind, x, width]) => [kind!, Math.round(Number(x) + Number(width))] as const);

  test('is named and described, and says the same in words', () => {
    const text = drawn({});
    expect(text).toMatch(/<svg class="timeline" role="img" aria-labelledby="s1-title s1-desc"/);
    expect(text).toContain('<title id="s1-title">Timeline of a stop of worker</title><desc id="s1-desc">Stop time: 30 s, then SIGKILL. Drain need: 600 s (10 min). Visibility timeout: unknown.');
    const said = textOf(text);
    expect(said).toContain('30 s · SIGKILL: a task that still runs then is cut (default of ECS).');
    expect(said).toContain('600 s (10 min) · Drain need: the last task may end that late (app/celery.py:12).');
  });
  test('what outlives the stop time is drawn as cut off from there on', () => {
    const [stop, need, cut, hidden] = barsOf(drawn({}));
    expect([stop![0], need![0], cut![0], hidden![0]]).toEqual(['stop', 'need', 'cut', 'unknown']);
    expect(need![1]).toBe(stop![1]);
    expect(cut![1]).toBeGreaterThan(need![1]);
  });
  test('what fits is not', () => {
    expect(barsOf(drawn({ drainNeed: { is: 'bounded', seconds: 20, from: [], confidence: 'high' } })).map(([kind]) => kind)).toEqual(['stop', 'need', 'unknown']);
  });
  test('unknown stays unknown', () => {
    const text = drawn({ stopTime: { state: 'unset', at: at('a', 1, 1, 1, 1), slots: [] }, drainNeed: { is: 'unknown' }, broker: 'unknown' });
    expect(barsOf(text).map(([kind]) => kind)).toEqual(['unknown', 'unknown', 'unknown']);
    const said = textOf(text);
    for (const part of ['SIGKILL: when is not known: no container or service says', 'Drain need: unknown: how long its tasks may run could not be told.', 'Redelivery: not known, as the broker is not.']) expect(said).toContain(part);
    expect(text).not.toContain('class="kill"');
  });
  test('a process manager that kills first, a soft shutdown, the broker\'s own timeout', () => {
    const set = <T>(value: T) => ({ state: 'set' as const, value, at: at('s.conf', 2, 1, 2, 3), certainty: 'written' as const, origin: [{ text: 's.conf:2' }], overridden: [], slots: [] });
    const text = drawn({
      start: { complete: true, links: [{ kind: 'process-manager', program: 'supervisord', programName: 'w', stopWait: set(10), stopSignal: 'TERM', toGroup: false, at: at('s.conf', 1, 1, 1, 2), text: 'supervisord -n' }, ...worker.start.links] },
      sigtermRemap: set('SIGQUIT'),
      settings: new Map<string, ReturnType<typeof set>>([['worker_soft_shutdown_timeout', set(5)], ['broker_transport_options', set({})], ['broker_transport_options.visibility_timeout', set(7200)], ['task_acks_late', set(true)]]),
    });
    const said = textOf(text);
    expect(text).toContain('Stop time: 10 s, then SIGKILL. Soft shutdown: 5 s. Drain need: 600 s (10 min). Visibility timeout: 7200 s (2 h), then again');
    for (const part of ['10 s · SIGKILL: by supervisord: a task that still runs then is cut (default of ECS; s.conf:2).', 'a message that was not acknowledged is given to another worker 7200 s (2 h) after it was taken', '0 s · Soft shutdown: no new message is taken, and running tasks get 5 s', 'Acknowledgement: late: after the task.']) expect(said).toContain(part);
  });
  test('RabbitMQ has no visibility timeout', () => {
    const text = drawn({ broker: 'rabbitmq' });
    expect(text).not.toContain('Visibility timeout');
    expect(textOf(text)).toContain('Redelivery: RabbitMQ gives a message that was not acknowledged to another worker once the connection is gone.');
  });
  test('names the finding that keeps the signal from the worker', () => {
    const signal = plain('container/shell-swallows-signal', { order: 1, severity: 'error', workers: [worker.id], message: 'the shell keeps SIGTERM' });
    const text = textOf(page(report([signal], { model: { ...emptyModel, workers: [worker] } })));
    expect(text).toContain('0 s · SIGTERM: goes to celery (infra/worker.json:15). container/shell-swallows-signal (the shell keeps SIGTERM).');
  });
});

describe('nothing that was scanned becomes markup', () => {
  /** Every text of a report that comes from scanned files. */
  const filled = (text: string): Report => {
    const place = { ...at(`${text}.py`, 1, 1, 1, 9), logical: text };
    const finding = (more: Partial<Finding>): Finding => plain('celery/early-ack', {
      severity: 'error', order: 1, message: text, suggestion: text, label: text, at: place, related: Array.from({ length: 12 }, (_, i) => ({ at: at(`${text}${i}`, 1, 1, 1, 2), message: text })), fate: text, where: text, owner: text,
      environments: ['a', text], flow: [{ at: place, text }, { at: place, text }], sketches: [{ title: text, code: text }], fix: { title: text, safety: 'safe', edits: [{ at: at(`${text}.py`, 1, 1, 1, 1), text }] }, blockedBy: [text], docsUrl: text, ...more,
    });
    const named: Worker = {
      ...worker, id: text, name: text, environment: text, command: { ...worker.command, text, at: place }, start: { complete: true, links: [{ kind: 'worker', at: place, text }] },
      settings: new Map([[text, { state: 'set', value: text, at: place, certainty: 'written', origin: [{ text, at: place }], overridden: [{ text }], slots: [] }]]), noEffect: [{ setting: text, at: place, kind: 'zero', text }],
    };
    return report([finding({ workers: [text] }), finding({ resource: text }), finding({ suppressed: { kind: 'inline', reason: text, at: place } })], {
      model: { ...model, workers: [named], apps: [{ ...app, id: text, workers: [], ineffective: [{ ...app.ineffective[0]!, name: text, value: text, wanted: text }] }], assumptions: [text], unaudited: [{ kind: text, at: place, text }], unresolved: [{ at: place, reason: text }] },
      lines: () => [text, text, text],
    });
  };
  const breaking = fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', '/', '=', '-', '!', '`', ' ', 'a', 'script', '</script>', '<img src=x onerror=x>', '-->', ']]>', '&lt;', '\u0000', '\u001b', '\u202e', '\t', 'é', '漢', '\ud83d\ude00') });

  test('whatever it is, the page has the elements and attributes of one with a harmless text', () => {
    // Backticks make code of a message, in that one text alone.
    const elements = (text: string): readonly string[] => skeleton(page(filled(text))).filter(tag => !/^\/?code\b/.test(tag));
    const harmless = elements('x');
    fc.assert(fc.property(fc.oneof(breaking, fc.string()).filter(text => text.trim() !== ''), text => { expect(elements(`x${text}`)).toEqual(harmless); }), { numRuns: 150 });
  });
  test('outside of tags and references no sign of markup is left, and no control character', () => {
    fc.assert(fc.property(breaking, text => {
      const rest = page(filled(`x${text}`)).replace(/<(style|script)>[\s\S]*?<\/\1>/g, '').replace(/<!?\/?[a-z][^<>"]*(?:"[^"<>]*"[^<>"]*)*>/gi, '').replace(/&(?:amp|lt|gt|quot|#39);/g, '');
      expect(rest).not.toMatch(/[<>&"'\u0000-\u0008\u000b-\u001f\u202e]/);
    }), { numRuns: 100 });
  });
  test('an address that is none of the web is no link', () => {
    const text = page(report([plain('a/b', { docsUrl: 'javascript:alert(1)' })]));
    expect(text).not.toContain('javascript:');
  });
});

describe('colours', () => {
  /** WCAG 2.2, relative luminance and contrast ratio. */
  const luminance = (color: string): number => {
    const [r, g, b] = [1, 3, 5].map(i => parseInt(color.slice(i, i + 2), 16) / 255).map(c => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as [number, number, number];
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a: string, b: string): number => {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
    return (high + 0.05) / (low + 0.05);
  };
  test('black on white is 21:1', () => { expect(contrast('#000000', '#ffffff')).toBeCloseTo(21); });

  test.each([['light', LIGHT], ['dark', DARK]] as const)('%s: texts reach 4.5:1 on every ground they stand on, shapes 3:1', (_, palette: Palette) => {
    const { ground, panel, text, muted, link, error, warning, note, good, errorMark, warningMark, noteMark, otherMark } = palette;
    for (const color of [text, muted, link, error, warning, note]) for (const behind of [ground, panel]) expect(contrast(color, behind), `${color} on ${behind}`).toBeGreaterThanOrEqual(4.5);
    for (const behind of [errorMark, warningMark, noteMark, otherMark]) for (const color of [text, muted]) expect(contrast(color, behind), `${color} on ${behind}`).toBeGreaterThanOrEqual(4.5);
    for (const shape of [good, muted, error, note]) expect(contrast(shape, ground), shape).toBeGreaterThanOrEqual(3);
  });
});

test('6,000 findings of 400 workers stay a page that a browser opens, and it says what it leaves out', () => {
  const workers = Array.from({ length: 400 }, (_, i): Worker => ({ ...worker, id: `w${i}` }));
  const findings = Array.from({ length: 6000 }, (_, i): Finding => ({ ...stopTimeout, severity: i % 10 === 0 ? 'error' : 'warning', fingerprint: String(i).padStart(12, '0'), workers: [`w${i % 400}`], sketches: [{ title: 's', code: 'x = 1\n'.repeat(10) }] }));
  const start = performance.now();
  const text = page(report(findings, { model: { ...emptyModel, workers } }));
  expect(performance.now() - start).toBeLessThan(10_000);
  expect(text.length).toBeLessThan(12_000_000);
  expect([...text.matchAll(/<details class="finding/g)]).toHaveLength(6000);
  expect([...text.matchAll(/<svg /g)]).toHaveLength(300);
  expect(textOf(text)).toContain('Excerpts, sketches and fixes are shown for the 1000 worst of 6000 findings; the others are in short.');
  expect(textOf(text)).toContain('Timelines and settings are shown for 300 of 400 workers');
});
