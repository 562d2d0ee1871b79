import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drainlint, FAULTY, project } from '../run-cli.js';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));
/** Names and code that would run, load or close something if they became markup. */
const HOSTILE: Readonly<Record<string, string>> = {
  ...FAULTY,
  'infra/worker.json': FAULTY['infra/worker.json']!.replaceAll('"worker"', '"wo<img src=x onerror=window.hacked=1>rker"').replace('"sh"', '"sh", "-e\\"></script><script>window.hacked=1</script>"'),
  'app/celery.py': `${FAULTY['app/celery.py']!}# </pre></details><svg onload=window.hacked=1>\napp.conf.task_default_queue = '"><iframe src=http://example.org></iframe>'  # drainlint: ignore celery/no-time-limit -- <b onclick=x>\n`,
};

let browser: Browser;
const folder = project({ 'empty.txt': '' });
const reports = { newsletter: `${folder}/newsletter.html`, 'newsletter-fixed': `${folder}/newsletter-fixed.html`, hostile: `${folder}/hostile.html` };

beforeAll(async () => {
  for (const name of ['newsletter', 'newsletter-fixed'] as const) drainlint(`${EXAMPLES}/${name}`, ['--format', `html:${reports[name]}`]);
  drainlint(project(HOSTILE), ['--preset', 'strict', '--format', `html:${reports.hostile}`]);
  // No sandbox: CI runs as root, and nothing but our own files is opened.
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
});
afterAll(() => browser.close());

/** A report in a new window, everything it complained about and everything it asked for. */
async function open(name: keyof typeof reports, options: BrowserContextOptions = {}): Promise<{ readonly page: Page; readonly complaints: string[]; readonly requests: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [], requests: string[] = [];
  page.on('console', message => { complaints.push(message.text()); });
  page.on('pageerror', error => { complaints.push(String(error)); });
  await page.route('**/*', route => {
    requests.push(route.request().url());
    return route.request().url().startsWith('file:') ? route.continue() : route.abort();
  });
  await page.goto(pathToFileURL(reports[name]).href);
  return { page, complaints, requests };
}

describe.each(Object.keys(reports) as (keyof typeof reports)[])('%s', name => {
  test.each([['light', {}], ['dark', { colorScheme: 'dark' }], ['on a phone', { viewport: { width: 360, height: 740 } }], ['without scripts', { javaScriptEnabled: false }]] as const)('%s: no complaint, no request but for the page itself', async (_, options: BrowserContextOptions) => {
    const { page, complaints, requests } = await open(name, options);
    expect(complaints).toEqual([]);
    expect(requests).toEqual([pathToFileURL(reports[name]).href]);
    await page.context().close();
  });

  test('360 px wide, everything unfolded, the page does not scroll sideways', async () => {
    const { page } = await open(name, { viewport: { width: 360, height: 740 } });
    await page.evaluate(() => { for (const element of document.querySelectorAll('details')) element.open = true; });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    await page.context().close();
  });

  test('printed, every fold is open, and nothing that only a screen needs is there', async () => {
    const { page } = await open(name);
    await page.evaluate(() => { for (const element of document.querySelectorAll('details')) element.open = false; });
    const folded = (): Promise<readonly string[]> => page.evaluate(() => [...document.querySelectorAll('details > :not(summary)')].filter(element => element.getBoundingClientRect().height === 0 || !element.checkVisibility()).map(element => element.outerHTML.slice(0, 80)));
    const all = await page.evaluate(() => document.querySelectorAll('details > :not(summary)').length);
    expect((await folded()).length).toBe(all);
    await page.emulateMedia({ media: 'print' });
    expect(await folded()).toEqual([]);
    expect(await page.evaluate(() => [...document.querySelectorAll('.filters, .skip, button')].filter(element => element.checkVisibility()).length)).toBe(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    await page.context().close();
  });
});

test.each([360, 800, 1280])('the timeline is legible %i px wide: nothing is cut off, labels of the axis do not touch', async width => {
  const { page } = await open('newsletter', { viewport: { width, height: 900 } });
  const found = await page.evaluate(() => [...document.querySelectorAll('svg.timeline')].map(svg => {
    const box = (element: Element): DOMRect => element.getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')].filter(text => text.checkVisibility());
    const ticks = texts.filter(text => text.classList.contains('tick')).map(box).sort((a, b) => a.left - b.left);
    return {
      outside: texts.filter(text => box(text).left < box(svg).left - 1 || box(text).right > Math.min(box(svg).right, innerWidth) + 1).map(text => text.textContent),
      touching: ticks.slice(1).filter((tick, i) => tick.left < ticks[i]!.right + 3).length, smallest: Math.min(...texts.map(text => parseFloat(getComputedStyle(text).fontSize))), ticks: ticks.length,
      black: [...svg.querySelectorAll('rect')].filter(bar => getComputedStyle(bar).fill === 'rgb(0, 0, 0)').length,
    };
  }));
  expect(found.length).toBeGreaterThan(0);
  for (const { outside, touching, smallest, ticks, black } of found) {
    expect(outside).toEqual([]);
    expect(touching).toBe(0);
    expect(smallest).toBeGreaterThanOrEqual(12);
    expect(ticks).toBeGreaterThan(2);
    expect(black).toBe(0);
  }
  await page.context().close();
});

test('the hostile report shows what was written, and runs nothing of it', async () => {
  const { page } = await open('hostile');
  expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
  expect(await page.locator('iframe, img, [onerror], [onload], [onclick], main script').count()).toBe(0);
  expect(await page.textContent('main')).toContain('wo<img src=x onerror=window.hacked=1>rker');
  expect(await page.locator('main .finding').count()).toBeGreaterThan(3);
  await page.context().close();
});

describe('with the keyboard alone', () => {
  /** What has the focus: its class or name, else its element. */
  const focused = (page: Page): Promise<string> => page.evaluate(() => {
    const element = document.activeElement!;
    return [element.localName, element.className || element.getAttribute('name') || element.textContent.trim().slice(0, 20)].join(' ').trim();
  });

  test('Tab reaches the skip link, the filters, the findings and their code, in this order, and each shows the focus', async () => {
    const { page } = await open('newsletter');
    const seen: string[] = [], unseen: string[] = [];
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab');
      const name = await focused(page);
      seen.push(name);
      const outlined = await page.evaluate(() => { const style = getComputedStyle(document.activeElement!); return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1; });
      if (!outlined && !name.startsWith('a skip')) unseen.push(name);
    }
    const order = ['a skip', 'input severity', 'select rule', 'select group', 'input text', 'button Expand all', 'button Collapse all', 'button Reset', 'summary', 'pre code', 'button Copy'];
    const places = order.map(name => seen.findIndex(each => each.startsWith(name)));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(unseen).toEqual([]);
    await page.context().close();
  });

  test('the skip link leads past the filters; Enter and Space fold', async () => {
    const { page } = await open('newsletter');
    await page.keyboard.press('Tab');
    expect(await page.locator('.skip').evaluate(element => element.getBoundingClientRect().left >= 0)).toBe(true);
    await page.keyboard.press('Enter');
    while (!(await focused(page)).startsWith('summary')) await page.keyboard.press('Tab');
    const isOpen = (): Promise<boolean> => page.evaluate(() => (document.activeElement!.parentElement as HTMLDetailsElement).open);
    expect(await page.evaluate(() => document.activeElement!.closest('main') !== null)).toBe(true);
    expect(await isOpen()).toBe(true);
    await page.keyboard.press('Enter');
    expect(await isOpen()).toBe(false);
    await page.keyboard.press('Space');
    expect(await isOpen()).toBe(true);
    await page.context().close();
  });

  test('filters by severity, rule and words, and says how many are left', async () => {
    const { page } = await open('newsletter');
    const shown = (): Promise<number> => page.locator('main .finding:visible').count();
    const says = (text: string): Promise<void> => page.waitForFunction(wanted => document.querySelector('output')!.value === wanted, text).then(() => {});
    await says('10 findings');
    await page.locator('input[value=warning]').focus();
    await page.keyboard.press('Space');
    await says('5 of 10 findings');
    expect(await shown()).toBe(5);
    await page.locator('button[type=reset]').press('Enter');
    await says('10 findings');
    await page.locator('[name=text]').fill('rebuild_segments lock');
    await says('1 of 10 findings');
    expect(await page.locator('main .finding:visible').getAttribute('data-rule')).toBe('tasks/lock-without-expiry');
    await page.locator('button[type=reset]').press('Enter');
    await page.locator('[name=rule]').selectOption('celery/early-ack');
    await says('1 of 10 findings');
    await page.context().close();
  });

  test('Expand all and Collapse all; an address of a finding unfolds it', async () => {
    const { page } = await open('newsletter');
    const count = (state: string): Promise<number> => page.locator(`main details${state}`).count();
    await page.locator('[data-open]').press('Enter');
    expect(await count(':not([open])')).toBe(0);
    await page.locator('[data-close]').press('Enter');
    expect(await count('[open]')).toBe(0);
    await page.locator('.events a').first().press('Enter');
    await page.waitForFunction(() => document.querySelector('main .finding[open]') !== null);
    expect(await page.locator('main details[open]').first().getAttribute('data-rule')).toBe('container/shell-swallows-signal');
    await page.context().close();
  });
});

test('without scripts the page is whole, and shows no filter that would do nothing', async () => {
  const { page } = await open('newsletter', { javaScriptEnabled: false });
  expect(await page.locator('.filters').isVisible()).toBe(false);
  expect(await page.locator('main .finding').count()).toBe(10);
  expect(await page.locator('svg.timeline').isVisible()).toBe(true);
  await page.context().close();
});

test('dark where the reader has it so', async () => {
  const ground = async (colorScheme: 'light' | 'dark'): Promise<string> => {
    const { page } = await open('newsletter', { colorScheme });
    const color = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.context().close();
    return color;
  };
  expect(await ground('light')).toBe('rgb(255, 255, 255)');
  expect(await ground('dark')).toBe('rgb(18, 22, 28)');
});

test('the timeline has a name and a description, and draws the worker\'s own numbers', async () => {
  const { page } = await open('newsletter');
  expect(await page.getByRole('img', { name: 'Timeline of a stop of worker' }).count()).toBe(1);
  const bars = await page.locator('svg.timeline rect').evaluateAll(elements => elements.map(element => [element.getAttribute('class'), Math.round(element.getBoundingClientRect().width)] as const));
  expect(bars.map(([kind]) => kind)).toEqual(['stop', 'need', 'cut', 'hidden']);
  for (const [kind, width] of bars) expect(width, kind!).toBeGreaterThan(20);
  expect(readFileSync(reports.newsletter, 'utf8').length).toBeLessThan(120_000);
  await page.context().close();
});
