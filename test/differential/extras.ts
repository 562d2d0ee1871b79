import { block, type Draft } from './draft.js';
import { choose, KNOWN, literalFor, type Known } from './pool.js';
import type { Random } from './random.js';
import { keyLike } from './values.js';

/** What else writes settings beside the main configuration (facts 5.1, 5.2): often the same settings again. */
interface Extra { readonly rows: readonly string[]; readonly write: (draft: Draft, pairs: readonly Pair[], random: Random) => void }
interface Pair { readonly known: Known; readonly code: string }

/** The place of a write: before or behind the loading of the configuration. */
const around = (draft: Draft, random: Random): string[] => (random.chance(0.35) ? draft.before : draft.after);
const items = (pairs: readonly Pair[]): string[] => pairs.map(({ known, code }) => `'${known.setting}': ${code},`);

export const EXTRAS: Readonly<Record<string, Extra>> = {
  none: { rows: ['5.2-05', '5.2-06'], write: () => {} },
  attribute: { rows: ['5.1-01', '5.2-03', 'style-06'], write: (draft, pairs, random) => { around(draft, random).push(...pairs.map(({ known, code }) => `app.conf.${known.setting} = ${code}`)); } },
  item: { rows: ['5.1-02', '5.2-03', 'style-06'], write: (draft, pairs, random) => { around(draft, random).push(...pairs.map(({ known, code }) => `app.conf['${known.setting}'] = ${code}`)); } },
  'update-keywords': { rows: ['5.1-03', '5.2-03', 'style-06'], write: (draft, pairs, random) => { around(draft, random).push(`app.conf.update(${pairs.map(({ known, code }) => `${known.setting}=${code}`).join(', ')})`); } },
  'update-mapping': { rows: ['5.1-03', '5.2-03', 'style-06'], write: (draft, pairs, random) => { around(draft, random).push('app.conf.update({', ...block(items(pairs), '    '), '})'); } },
  'update-spread': { rows: ['5.1-03', '5.2-03', 'style-04'], write: (draft, pairs, random) => { draft.appPrelude.push('OVERRIDES = {', ...block(items(pairs), '    '), '}'); around(draft, random).push(random.pick(['app.conf.update(**OVERRIDES)', 'app.conf.update({**OVERRIDES})', 'app.conf.update(OVERRIDES)'])); } },
  'defaults-mapping': { rows: ['5.1-08', '5.2-04'], write: (draft, pairs, random) => { around(draft, random).push('app.add_defaults({', ...block(items(pairs), '    '), '})'); } },
  'defaults-callable': { rows: ['5.1-08', '5.2-04'], write: (draft, pairs, random) => { if (random.chance(0.5)) { draft.appPrelude.push('', 'def house_rules():', '    return {', ...block(items(pairs), '        '), '    }', '', ''); around(draft, random).push('app.add_defaults(house_rules)'); } else around(draft, random).push(`app.add_defaults(lambda: {${items(pairs).join(' ')}})`); } },
  'by-constructor': { rows: ['5.1-10', '5.2-03', 'style-06'], write: (draft, pairs) => { draft.constructor.push(...pairs.map(({ known, code }) => `${known.setting}=${code}`).filter(text => !draft.constructor.some(other => other.split('=')[0] === text.split('=')[0]))); } },
  changes: { rows: ['5.1-10', '5.2-03'], write: (draft, pairs) => { draft.constructor.push(`changes={${items(pairs).join(' ')}}`); } },
  'on-configure': { rows: ['5.1-12'], write: (draft, pairs) => { draft.appClass = 'ShopCelery'; draft.appPrelude.push('', 'class ShopCelery(Celery):', '    def on_configure(self):', ...block(pairs.map(({ known, code }) => `self.conf.${known.setting} = ${code}`), '        '), '', ''); } },
  subclass: { rows: ['5.1-12', 'style-04'], write: (draft, pairs) => { draft.appClass = 'ShopCelery'; draft.appPrelude.push('', 'class ShopCelery(Celery):', '    def __init__(self, *args, **kwargs):', '        super().__init__(*args, **kwargs)', ...block(pairs.map(({ known, code }) => `self.conf.${known.setting} = ${code}`), '        '), '', ''); } },
  'old-before': { rows: ['5.1-04'], write: (draft, pairs) => { draft.before.push(...pairs.slice(0, 1).map(({ known, code }) => `app.conf.${known.old} = ${code}`)); } },
  'old-after': { rows: ['5.1-04'], write: (draft, pairs) => { draft.after.push('timezone = app.conf.timezone', ...pairs.slice(0, 1).map(({ known, code }) => `app.conf.${known.old} = ${code}`)); } },
  'no-such-method': { rows: ['5.1-09'], write: (draft, pairs) => { draft.after.push('try:', `    app.setup_defaults(${pairs.slice(0, 1).map(({ known, code }) => `${known.setting}=${code}`).join('')})`, 'except AttributeError:', '    pass'); } },
  nested: { rows: ['5.2-03', 'style-06'], write: (draft, _, random) => { draft.written.add('broker_transport_options'); draft.after.push("app.conf.broker_transport_options = {'visibility_timeout': 900}", random.pick(["app.conf.broker_transport_options['visibility_timeout'] = 1200", "app.conf.broker_transport_options.update(visibility_timeout=60)", "app.conf['broker_transport_options']['max_retries'] = 4"])); } },
  'prefixed-attribute': { rows: ['5.2-07'], write: (draft, pairs, random) => { around(draft, random).push(...pairs.map(({ known, code }) => `app.conf.CELERY_${known.setting.toUpperCase()} = ${code}`)); } },
  conditional: { rows: ['5.2-03'], write: (draft, pairs, random) => { draft.appPrelude.push('import os'); if (random.chance(0.5)) draft.env.set('SHOP_STRICT', '1'); draft.after.push(random.pick(["if os.environ.get('SHOP_STRICT'):", "if os.environ.get('SHOP_STRICT') == '1':", "if 'SHOP_STRICT' in os.environ:", "if not os.environ.get('SHOP_STRICT'):"]), ...block(pairs.map(({ known, code }) => `app.conf.${known.setting} = ${code}`), '    ')); } },
};

/** The same settings in half of the cases, so that precedence shows. */
export function writeExtra(draft: Draft): void {
  const random = draft.random('extra');
  const form = EXTRAS[draft.forms.extra!]!;
  const same = draft.entries.map(({ setting }) => KNOWN.get(setting)).filter((known): known is Known => known !== undefined && ['bool', 'int', 'float', 'string'].includes(known.type));
  const chosen = [...new Set([...random.sample(same, random.chance(0.7) ? 1 : 0), ...choose(random, 'bool', 1), ...choose(random, 'number', 1)])].slice(0, 1 + random.below(3));
  const pairs = chosen.map(known => ({ known, code: literalFor(random, known) }));
  form.write(draft, pairs, random);
  if (draft.forms.extra !== 'none') for (const { known } of pairs) draft.written.add(known.setting);
  for (const row of form.rows) draft.rows.add(row);
  // with a namespace, the prefixed key of the object beats the plain one of the stronger layer
  if (draft.namespace !== undefined && pairs.some(({ known }) => draft.entries.some(entry => entry.setting === known.setting && entry.key === keyLike(draft, known.setting)))) draft.rows.add('5.2-07');
}
