// A whole round in the browser, on a server of its own: opened, answered by keyboard and without JavaScript, closed, compared,
// disputed, decided on, published. The tests go on where the one before them ended.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { launch, open, watchAt } from '../browser.mjs';

const url = (process.env.SHIPHABIT_ROUNDS || '').replace(/\/$/, '');
const skip = !url && 'runs with SHIPHABIT_ROUNDS=URL of a server on which no team was asked';
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const people = 5;
let browser, round, links;

before(async () => { if (url) browser = await launch(); });
after(() => browser?.close());

// sound looks at a page as it stands, in both themes and at two widths. Pages of a form's answer are looked at where they are.
async function sound(page, name) {
  for (const theme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: theme });
    for (const width of [320, 1280]) {
      await page.setViewportSize({ width, height: 900 });
      const room = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
      assert.ok(room[0] <= room[1], `${name} is ${room[0]} px wide on ${width} px`);
      await page.evaluate(axe);
      const found = await page.evaluate((tags) => window.axe.run(document, { runOnly: tags, resultTypes: ['violations'] }), rules);
      assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`), [], `${name}, ${theme}, ${width} px`);
    }
  }
}

// reach presses Tab until the element that a selector names has the focus.
async function reach(page, selector, most = 80) {
  for (let i = 0; i < most; i += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((s) => document.activeElement.matches(s), selector)) return;
  }
  assert.fail(`the keyboard does not reach ${selector}`);
}

const scripted = async (work) => {
  const { context, page } = await open(browser, { width: 1280, theme: 'light' });
  const seen = watchAt(page, url);
  await work(page);
  assert.deepEqual(seen.foreign, []);
  assert.deepEqual(seen.console.filter((line) => !/status of 422/.test(line)), []); // a form that comes back with faults
  await context.close();
};

test('a draft is made and opened by keyboard alone, and its links are shown once', { skip }, () => scripted(async (page) => {
  await page.goto(`${url}/assessments`);
  await sound(page, 'the list without rounds');
  await reach(page, '#team');
  await page.keyboard.type('pay');
  await reach(page, '#size');
  await page.keyboard.type(String(people));
  await reach(page, 'button[name="draft"]');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/run$/);
  round = page.url().replace(/\/run$/, '');
  await sound(page, 'a draft');
  await page.goto(`${round}/form`);
  await sound(page, 'the form to look at');
  assert.equal(await page.locator('button[type=submit]').count(), 0);
  await page.goto(`${round}/run`);
  await reach(page, 'form[action$="/open"] button');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.links');
  await sound(page, 'the links');
  links = await page.$$eval('.links code', (all) => all.map((c) => c.textContent));
  assert.equal(links.length, people);
  await page.goto(`${round}/run`);
  assert.equal(await page.locator('.links').count(), 0);
}));

test('a reminder is given as a text to copy', { skip }, () => scripted(async (page) => {
  await page.goto(`${round}/run`);
  await page.click('form[action$="/remind"] button[name="copy"]');
  assert.match(await page.textContent('pre'), /please use yours/);
  await sound(page, 'a reminder');
}));

test('everybody answers, by keyboard and without JavaScript', { skip }, async () => {
  for (const [i, link] of links.entries()) {
    const { context, page } = await open(browser, { width: i % 2 ? 320 : 1280, theme: i % 2 ? 'dark' : 'light', javaScript: false });
    await page.goto(link);
    const names = [];
    for (let stops = 0; stops < 80; stops += 1) {
      await page.keyboard.press('Tab');
      const at = await page.evaluate(() => ({ type: document.activeElement.type, name: document.activeElement.name }));
      if (at.type === 'submit') break;
      if (at.name === 'comment') await page.keyboard.type(`zebra ${i}`);
      if (at.type !== 'radio') continue;
      names.push(at.name);
      await page.keyboard.press('Space');
      for (let down = 0; down < (i < 3 ? 4 : 0); down += 1) await page.keyboard.press('ArrowDown'); // three at one end, two at the other
    }
    assert.equal(names.length, 5, `the keyboard met ${names}`);
    await page.keyboard.press('Enter');
    await page.locator('h1', { hasText: 'Thank you' }).waitFor(); // the page of before has loaded as well
    await context.close();
  }
});

test('before closing nothing is shown but participation', { skip }, () => scripted(async (page) => {
  await page.goto(round);
  assert.match(await page.textContent('main'), /only participation is shown before closing/);
  assert.equal(await page.locator('.dist').count(), 0);
  await sound(page, 'the result of an open round');
}));

test('closing asks first, and the result says what the team says beside the records', { skip }, () => scripted(async (page) => {
  await page.goto(`${round}/run`);
  await page.click('a[href$="/close"]');
  assert.match(await page.textContent('main'), /cannot be taken back/);
  await sound(page, 'the question before closing');
  await reach(page, 'form[action$="/close"] button');
  await page.keyboard.press('Enter');
  await page.waitForURL(round);
  assert.equal(await page.locator('.dist').count(), 5);
  assert.match(await page.textContent('main'), /to itself until/);
  assert.match(await page.textContent('section[aria-labelledby="q1"] .beside'), /^\s*You see this differently\.\s*$/, 'a split comes before any gap');
  assert.match(await page.textContent('section[aria-labelledby="q1"]'), /Level [45] of 5, grade A/);
  assert.doesNotMatch(await page.textContent('main'), /zebra/, 'comments of few are shown');
  await sound(page, 'the result');
}));

test('the team disputes a number without JavaScript, decides on a step, and prints the guide', { skip }, async () => {
  const { context, page } = await open(browser, { width: 390, theme: 'light', javaScript: false });
  await page.goto(round);
  await page.locator('#q1').scrollIntoViewIfNeeded();
  await page.click('section[aria-labelledby="q1"] summary');
  await page.selectOption('#q1_tag', 'records incomplete');
  await page.fill('#q1_note', 'hotfixes go another way');
  await page.click('section[aria-labelledby="q1"] form button');
  assert.match(await page.textContent('section[aria-labelledby="q1"]'), /The team replies: records incomplete\. hotfixes/);
  await page.fill('#text', 'rehearse going back');
  await page.fill('#owner', 'whoever is on call');
  await page.click('form[action$="/action"] button');
  assert.match(await page.textContent('section[aria-labelledby="action"]'), /rehearse going back/);
  await context.close();
  await scripted(async (scriptedPage) => {
    await scriptedPage.goto(round);
    await sound(scriptedPage, 'the result with a reply and an action');
    await scriptedPage.goto(`${round}/evidence/E1`);
    assert.match(await scriptedPage.textContent('main'), /hotfixes go another way/);
    await scriptedPage.goto(`${round}/guide`);
    assert.match(await scriptedPage.textContent('main'), /You see this differently/);
    await sound(scriptedPage, 'the guide');
    await scriptedPage.emulateMedia({ media: 'print' });
    assert.equal(await scriptedPage.locator('nav:visible').count(), 0);
  });
});

test('a published round is frozen', { skip }, () => scripted(async (page) => {
  await page.goto(`${round}/publish`);
  await sound(page, 'the question before publishing');
  await page.click('form[action$="/publish"] button');
  assert.match(await page.textContent('main'), /round published/);
  assert.equal(await page.locator('form[action$="/reply"]').count(), 0);
  await sound(page, 'a published result');
}));

test('the next round opens with what was decided', { skip }, () => scripted(async (page) => {
  await page.goto(`${url}/assessments`);
  assert.equal(await page.locator('tbody tr').count(), 1);
  await sound(page, 'the list');
  await page.fill('#team', 'pay');
  await page.fill('#size', String(people));
  await page.click('#links_team + label');
  await page.click('form button.primary');
  const link = await page.textContent('.links code');
  await page.goto(link);
  assert.match(await page.textContent('main'), /Last time you decided[\s\S]*rehearse going back/);
  await sound(page, 'the form with the last action');
  await page.click('button[type=submit]');
  assert.ok(await page.locator('[role=alert] a').count() >= 5);
  await sound(page, 'the form with faults');
}));
