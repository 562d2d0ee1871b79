/** Shows the filters, which are of no use without it. The page is whole before it runs, and it asks for nothing. */
export const SCRIPT = `
'use strict';
const form = document.querySelector('.filters');
const findings = [...document.querySelectorAll('main .finding')];
const groups = [...document.querySelectorAll('main > section[data-group]')];
const texts = new Map();
const textOf = element => { if (!texts.has(element)) texts.set(element, element.textContent.toLowerCase()); return texts.get(element); };
function filter() {
  const severities = new Set([...form.querySelectorAll('[name=severity]:checked')].map(box => box.value));
  const rule = form.elements.rule.value, group = form.elements.group.value, words = form.elements.text.value.toLowerCase().split(/\\s+/).filter(Boolean);
  const active = rule !== '' || words.length > 0 || form.querySelector('[name=severity]:not(:checked)') !== null;
  let shown = 0;
  for (const element of findings) {
    const { severity, rule: own } = element.dataset;
    const section = element.closest('section[data-group]');
    const fits = severities.has(severity) && (rule === '' || rule === own) && (group === '' || section.dataset.group === group) && words.every(word => textOf(element).includes(word) || section.dataset.name.includes(word));
    element.hidden = !fits;
    if (fits) shown++;
  }
  for (const section of groups) {
    const inside = [...section.querySelectorAll('.finding')];
    section.hidden = (group !== '' && section.dataset.group !== group) || (active && !inside.some(element => !element.hidden));
  }
  form.querySelector('output').value = shown === findings.length ? findings.length + ' findings' : shown + ' of ' + findings.length + ' findings';
}
function openAll(open) { for (const element of document.querySelectorAll('main details')) element.open = open; }
function openTarget() {
  const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  for (let element = target; element; element = element.parentElement) { if (element.localName === 'details') element.open = true; element.hidden = false; }
  if (target) target.scrollIntoView();
}
form.hidden = false;
let waiting;
form.addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(filter, 120); });
form.addEventListener('submit', event => event.preventDefault());
form.addEventListener('reset', () => setTimeout(filter));
form.querySelector('[data-open]').addEventListener('click', () => openAll(true));
form.querySelector('[data-close]').addEventListener('click', () => openAll(false));
addEventListener('hashchange', openTarget);
for (const place of document.querySelectorAll('.copy')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', 'Copy the comment for ' + place.closest('.finding').dataset.rule);
  button.addEventListener('click', async () => {
    try { await navigator.clipboard.writeText(place.querySelector('code').textContent); button.textContent = 'Copied'; }
    catch { getSelection().selectAllChildren(place.querySelector('code')); }
  });
  place.append(button);
}
filter();
openTarget();
`;
