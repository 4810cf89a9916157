// Names, commits, addresses and reasons of any length without a place to break: nothing leaves a screen of 320 px or a page of paper.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, open, settle, wide } from '../browser.mjs';

const url = process.env.SHIPHABIT_LONG;
const skip = !url;
const of = (letter, n) => letter.repeat(n);
const service = `service_${of('x', 230)}`, reason = `because_${of('y', 400)}`, link = `https://ci.example.org/${of('z', 300)}?run=${of('9', 60)}`;
const commit = of('0123456789abcdef', 8), digest = `sha512:${of('fedcba9876543210', 8)}`;
let browser, decision;

async function send(path, body, type = 'application/json') {
  const answer = await fetch(url + path, { method: 'POST', headers: { 'Content-Type': type }, body });
  assert.equal(answer.status, 200, `${path}: ${await answer.clone().text()}`);
  return answer.json();
}

before(async () => {
  if (skip) return;
  browser = await launch();
  const at = (hours) => new Date(Date.now() - hours * 3600e3).toISOString();
  const lines = Array.from({ length: 12 }, (_, i) => ({
    type: 'deployment', id: `${of('d', 180)}${i}`, service, environment: 'production', status: i % 3 ? 'succeeded' : 'failed', revision: `${commit}${i}`,
    version: `${of('v', 120)}${i}`, started_at: at(300 - 20 * i), finished_at: at(299 - 20 * i),
  }));
  lines.push({ type: 'incident', id: `incident_${of('i', 150)}`, service, title: of('t', 300), started_at: at(40) });
  await send('/api/v1/events', lines.map((l) => JSON.stringify(l)).join('\n'), 'application/x-ndjson');
  const ask = { service, environment: 'production', commit, artifact: { digest, version: of('w', 200) }, change: { kind: 'normal' }, run: { provider: of('p', 90), id: of('r', 120), url: link } };
  decision = (await send('/api/v1/gate/decisions', JSON.stringify(ask))).id;
  await send('/api/v1/gate/overrides', JSON.stringify({ service, environment: 'production', reason, category: 'false alarm' }));
  decision = [decision, (await send('/api/v1/gate/decisions', JSON.stringify(ask))).id];
});
after(() => browser?.close());

test('nothing that is long without a break leaves the screen or the paper', { skip }, async () => {
  const name = encodeURIComponent(service);
  const pages = ['/', '/services', `/services/${name}`, `/services/${name}/gate`, `/services/${name}/record?id=import%2F${of('d', 180)}3`, '/gate', '/gate/decisions',
    ...decision.map((id) => `/gate/decisions/${id}`), `/gate/backtest?service=${name}`, `/explain/change_fail_rate?service=${name}`, `/explain/index?service=${name}`, `/doctor?service=${name}`, `/reports/services/${name}`];
  for (const [width, media] of [[320, 'screen'], [1280, 'screen'], [703, 'print']]) {
    const { context, page } = await open(browser, { width, theme: 'light' });
    await page.emulateMedia({ media });
    for (const path of pages) {
      const answer = await page.goto(url + path);
      assert.equal(answer.status(), 200, path.slice(0, 80));
      await page.evaluate(() => { for (const d of document.querySelectorAll('details')) d.open = true; });
      await settle(page);
      assert.deepEqual(await wide(page), [], `${path.replace(name, 'NAME').slice(0, 80)} is wider than ${width} px (${media})`);
      const rows = await page.$$eval('.scroll:has(> .lines)', (all) => all.filter((s) => s.scrollWidth > s.clientWidth + 1).map((s) => `${s.getAttribute('aria-label')}: ${s.scrollWidth} of ${s.clientWidth}px`));
      if (width === 320) assert.deepEqual(rows, [], `${path.replace(name, 'NAME').slice(0, 80)}: lines of a phone are to wrap, not to scroll`);
    }
    await context.close();
  }
});

test('the decision shows what was asked in full', { skip }, async () => {
  const { context, page } = await open(browser, { width: 320, theme: 'light', javaScript: false });
  await page.goto(`${url}/gate/decisions/${decision[0]}`);
  const text = await page.textContent('main');
  for (const whole of [service, commit, digest]) assert.ok(text.includes(whole), `${whole.slice(0, 20)}… is cut short`);
  await page.goto(`${url}/services/${encodeURIComponent(service)}/gate`);
  assert.ok((await page.textContent('main')).includes(reason), 'the reason of the override is cut short');
  await context.close();
});
