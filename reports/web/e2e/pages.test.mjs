// Every page, in both themes and at three widths, in a real browser: no request to another host, nothing on the console, nothing
// that axe finds, nothing wider than the screen.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { base, discover, kinds, launch, open, others, settle, statePages, watch, wide } from '../browser.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
let browser, pages;
const elsewhere = new Map(); // what is found on each of the other servers

before(async () => {
  browser = await launch();
  pages = await discover(browser);
  for (const [state, url] of others) elsewhere.set(state, await discover(browser, [state, url]));
});
after(() => browser?.close());

async function faults(page) {
  await page.evaluate(axe);
  const found = await page.evaluate((tags) => window.axe.run(document, { runOnly: tags, resultTypes: ['violations'] }), rules);
  return found.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`);
}

for (const theme of ['light', 'dark']) {
  for (const width of [320, 390, 1280]) {
    test(`every page is sound at ${width} px in the ${theme} theme`, async () => {
      const { context, page } = await open(browser, { width, theme });
      const seen = watch(page);
      for (const [name, href] of pages) {
        const answer = await page.goto(base + href);
        assert.equal(answer.status(), 200, href);
        await settle(page);
        assert.deepEqual(await wide(page), [], `${name} ${href} is wider than ${width} px`);
        // 390 px is laid out like 320 px, and axe takes the longest of all.
        if (width !== 390) assert.deepEqual(await faults(page), [], `${name} ${href} under axe`);
      }
      assert.deepEqual(seen, { foreign: [], console: [], failed: [] });
      await context.close();
    });
  }
}

test('links lead to a page of every kind that there is', () => {
  const servers = ['', ...others.map(([state]) => state)];
  for (const { name, on = '' } of kinds) {
    if (servers.includes(on)) assert.ok((on ? elsewhere.get(on) : pages).has(name), `no link leads to a page of the kind ${name}`);
  }
});

for (const [state, url] of others) {
  for (const theme of ['light', 'dark']) {
    test(`the pages that show it are sound on the ${state} server in the ${theme} theme`, async () => {
      for (const width of [320, 1280]) {
        const { context, page } = await open(browser, { width, theme });
        for (const href of new Set([...statePages[state], ...elsewhere.get(state).values()])) {
          const answer = await page.goto(url + href);
          assert.equal(answer.status(), 200, href);
          await settle(page);
          assert.deepEqual(await wide(page), [], `${href} is wider than ${width} px`);
          assert.deepEqual(await faults(page), [], `${href} under axe`);
        }
        await context.close();
      }
    });
  }
}

test('without JavaScript the doctor is asked about one service, and the answer says what to do', { skip: !others.some(([state]) => state === 'troubled') }, async () => {
  const url = others.find(([state]) => state === 'troubled')[1];
  const { context, page } = await open(browser, { width: 390, theme: 'light', javaScript: false });
  await page.goto(url + '/doctor');
  await page.fill('form.lookup input[name=service]', 'payments-api');
  await page.click('form.lookup button');
  assert.match(page.url(), /service=payments-api/);
  assert.match(await page.textContent('main'), /went to an environment of kind production/);
  assert.match(await page.textContent('pre'), /match: "eu-central-1", kind: production/);
  await page.goto(url + '/doctor');
  await page.click('.byfigure table a');
  assert.match(page.url(), /figure=/);
  await context.close();
});

test('an empty server says how to connect the first source', { skip: !others.some(([state]) => state === 'empty') }, async () => {
  const url = others.find(([state]) => state === 'empty')[1];
  const { context, page } = await open(browser, { width: 390, theme: 'light', javaScript: false });
  await page.goto(url + '/sources');
  assert.match(await page.textContent('pre'), /^sources:/);
  await context.close();
});

test('each chart is drawn and has its twin as a table', async () => {
  const { context, page } = await open(browser, { width: 1280, theme: 'light' });
  await page.goto(base + pages.get('service'));
  await settle(page);
  const charts = await page.$$eval('figure.chart', (all) => all.map((f) => ({
    id: f.id, plot: !!f.querySelector('.plot'), canvases: f.querySelectorAll('canvas').length, rows: f.querySelectorAll('tbody tr').length, empty: !!f.querySelector('.empty'),
  })));
  assert.ok(charts.length >= 6, `only ${charts.length} charts`);
  const built = await page.evaluate(() => !!window.echarts);
  for (const c of charts) {
    assert.ok(c.empty || c.rows > 0, `${c.id} has neither a table nor a reason`);
    // On paper a second canvas hides the first: of the map of days, its words.
    if (built && c.plot) assert.equal(c.canvases, 1, `${c.id} lies on ${c.canvases} canvases`);
  }
  await context.close();
});

test('on paper each chart of a report stays in its frame, and no frame lies over another', async () => {
  const { context, page } = await open(browser, { width: 794, theme: 'dark' });
  await page.goto(base + pages.get('report'));
  await page.emulateMedia({ media: 'print' });
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  const frames = await page.$$eval('.doc .chart', (all) => all.map((f) => [f, f.querySelector('canvas')].map((e) => {
    const { left, top, right, bottom } = e?.getBoundingClientRect() ?? {};
    return { left, top, right, bottom };
  })));
  const built = await page.evaluate(() => !!window.echarts);
  for (const [i, [frame, canvas]] of frames.entries()) {
    if (built) assert.ok(canvas.left >= frame.left && canvas.right <= frame.right && canvas.top >= frame.top && canvas.bottom <= frame.bottom, `chart ${i} leaves its frame`);
    for (const [other] of frames.slice(i + 1)) {
      assert.ok(other.left >= frame.right || other.right <= frame.left || other.top >= frame.bottom || other.bottom <= frame.top, `chart ${i} lies over another`);
    }
  }
  assert.ok(frames.length >= 3, `only ${frames.length} charts`);
  await context.close();
});

test('a page without JavaScript holds every number as a table', async () => {
  const { context, page } = await open(browser, { width: 1280, theme: 'light', javaScript: false });
  await page.goto(base + '/');
  assert.ok(await page.locator('figure.chart table tbody tr').count() > 0);
  assert.equal(await page.locator('.plot:visible').count(), 0, 'an empty frame is shown where a chart would be');
  await context.close();
});

test('the gate needs no JavaScript: its pictures are drawn by the server, fit the screen and have their twin', async () => {
  for (const width of [320, 1280]) {
    const { context, page } = await open(browser, { width, theme: 'dark', javaScript: false });
    for (const name of ['gate', 'standing', 'decisions', 'decision', 'backtest', 'record']) {
      await page.goto(base + pages.get(name));
      const seen = await page.$$eval('figure.drawn', (all) => all.map((f) => {
        const box = f.querySelector('[role="img"]')?.getBoundingClientRect();
        return { id: f.id, told: !!f.querySelector('[role="img"][aria-label]'), wide: box ? Math.round(box.right) : 0, high: box ? box.height : 0, empty: !!f.querySelector('.empty') };
      }));
      for (const f of seen) {
        assert.ok(f.empty || (f.told && f.high > 100), `${name}: ${f.id} is neither drawn nor said to be empty`);
        assert.ok(f.wide <= width, `${name}: ${f.id} reaches ${f.wide} px`);
      }
      if (name === 'standing' || name === 'backtest') assert.ok(seen.some((f) => !f.empty), `${name} draws nothing`);
    }
    await context.close();
  }
});

test('on a phone the list of services shows the numbers of each, however it stands at the gate', async () => {
  const { context, page } = await open(browser, { width: 390, theme: 'light' });
  await page.goto(base + pages.get('services'));
  // The mark of one that waits for what its pipeline states: the story has none.
  await page.$$eval('td.now .verdict', (all) => all.forEach((mark) => mark.classList.add('none')));
  const hidden = await page.$$eval('tbody td.num', (all) => all.filter((td) => !td.offsetWidth).map((td) => td.textContent.trim()));
  assert.deepEqual(hidden, []);
  await context.close();
});

test('the table of a meter fits the half of a page that it has', async () => {
  const { context, page } = await open(browser, { width: 1280, theme: 'light' });
  await page.goto(base + pages.get('standing'));
  const tables = await page.$$eval('figure.drawn details.twin', (all) => all.map((twin) => {
    twin.open = true;
    const frame = twin.querySelector('.scroll');
    return { wide: frame.scrollWidth, room: frame.clientWidth };
  }));
  assert.ok(tables.length > 0);
  for (const { wide, room } of tables) assert.ok(wide <= room, `${wide} of ${room} px`);
  await context.close();
});

test('without JavaScript each chart is a picture that loads, in both themes and on a phone', async () => {
  const { context: scripted, page: probe } = await open(browser, { width: 1280, theme: 'light' });
  await probe.goto(base + '/');
  const built = await probe.evaluate(() => !!window.echarts);
  await scripted.close();
  for (const [theme, width] of [['light', 1280], ['dark', 1280], ['dark', 390]]) {
    const { context, page } = await open(browser, { width, theme, javaScript: false });
    const seen = watch(page);
    for (const name of ['overview', 'service']) {
      await page.goto(base + pages.get(name), { waitUntil: 'load' });
      const charts = await page.$$eval('figure.chart', (all) => all.map((f) => {
        const img = f.querySelector('img.picture');
        return { id: f.id, empty: !!f.querySelector('.empty'), loaded: !!img?.complete && img.naturalWidth > 0, told: !!img?.alt, shrunk: img ? img.naturalWidth / img.clientWidth : 0 };
      }));
      assert.ok(charts.length >= 5, `${name} has only ${charts.length} charts`);
      for (const c of charts) {
        if (!built || c.empty) continue;
        assert.ok(c.loaded && c.told, `${name}: ${c.id} shows no picture`);
        assert.ok(c.shrunk < 1.35, `${name}: ${c.id} is shrunk by ${c.shrunk} at ${width} px`);
      }
      assert.deepEqual(await wide(page), [], `${name} is wider than ${width} px`);
      if (process.env.SHIPHABIT_SCREENSHOTS) await page.screenshot({ path: `${process.env.SHIPHABIT_SCREENSHOTS}/static-${name}-${width}-${theme}.png`, fullPage: true });
    }
    assert.deepEqual(seen, { foreign: [], console: [], failed: [] });
    await context.close();
  }
});

test('the log of decisions is filtered without JavaScript', async () => {
  const { context, page } = await open(browser, { width: 390, theme: 'light', javaScript: false });
  await page.goto(base + '/gate/decisions');
  await page.selectOption('select[name="verdict"]', { index: 1 });
  await page.click('form.filter button');
  assert.match(new URL(page.url()).search, /verdict=allow/);
  assert.equal(await page.locator('h1').count(), 1);
  await context.close();
});

test('the keyboard reaches the content at once, then every link, with a visible mark', async () => {
  const { context, page } = await open(browser, { width: 1280, theme: 'light' });
  await page.goto(base + '/');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  const marks = [];
  for (let i = 0; i < 12; i += 1) {
    await page.keyboard.press('Tab');
    marks.push(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle));
  }
  assert.ok(marks.every((m) => m !== 'none'), `a stop without a visible focus: ${marks}`);
  await context.close();
});

test('an address that does not exist answers with a page', async () => {
  const { context, page } = await open(browser, { width: 390, theme: 'light' });
  const answer = await page.goto(base + '/no-such-page');
  assert.equal(answer.status(), 404);
  assert.equal(await page.locator('h1').count(), 1);
  assert.deepEqual(await faults(page), []);
  await context.close();
});
