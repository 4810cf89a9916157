// Teams, the way to production and corrections, without JavaScript and from the keyboard.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, open, others } from '../browser.mjs';

const url = others.find(([state]) => state === 'teams')?.[1];
const skip = !url;
let browser;

before(async () => { browser = await launch(); });
after(() => browser?.close());

test('the way to production is drawn by the server, stage after stage, at every width', { skip }, async () => {
  for (const [width, path] of [[320, '/services/api'], [1280, '/teams/payments']]) {
    const { context, page } = await open(browser, { width, theme: 'dark', javaScript: false });
    await page.goto(url + path);
    const way = await page.locator('#flow').evaluate((figure) => {
      const room = figure.querySelector('.way').getBoundingClientRect();
      const blocks = [...figure.querySelectorAll('.stages .block:not(.within)')].map((b) => b.getBoundingClientRect());
      return {
        told: figure.querySelector('[role=img]').getAttribute('aria-label'),
        ordered: blocks.every((b, i) => b.width > 0 && (i === 0 || b.left >= blocks[i - 1].right - 5) /* the shortest is drawn wider than it is */),
        inside: blocks.every((b) => b.right <= room.right + 1),
        names: [...figure.querySelectorAll('.what')].map((w) => w.textContent),
        hands: figure.querySelectorAll('.handoff').length,
        links: [...figure.querySelectorAll('.took a')].map((a) => a.getAttribute('href')),
      };
    });
    assert.match(way.told, /2 waiting for review, 1\.5 d/);
    assert.ok(way.ordered && way.inside, `${path} at ${width} px: the stages overlap or leave the picture`);
    assert.deepEqual(way.names, ['1 Coding', '2 Waiting for review', '3 Review', '4 Waiting for deployment', 'Waiting for approval outside the team', '5 Deployment']);
    assert.equal(way.hands, 2);
    assert.equal(way.links.length, 6, 'each stage opens into its rows');
    await page.goto(url + way.links[1]);
    assert.match(await page.textContent('h2'), /Waiting for review/);
    assert.equal(await page.locator('#counted').textContent(), 'Rows counted: 40');
    await context.close();
  }
});

test('a team that is not known is told with those that are', { skip }, async () => {
  const { context, page } = await open(browser, { width: 390, theme: 'light' });
  const answer = await page.goto(url + '/teams/nobody');
  assert.equal(answer.status(), 404);
  assert.match(await page.textContent('main'), /No team is called nobody[\s\S]*payments[\s\S]*1 service belongs to no declared team/);
  await page.click('tbody a');
  assert.equal(await page.textContent('h1'), 'payments');
  await context.close();
});

test('from a number to its row, to the dispute and back again, by keyboard and without JavaScript', { skip }, async () => {
  const { context, page } = await open(browser, { width: 390, theme: 'dark', javaScript: false });
  const press = async (selector, key) => { await page.focus(selector); await page.keyboard.press(key); };
  const failed = async () => {
    await page.goto(url + '/teams/payments');
    return page.textContent('.figure:has(a[href*=change_fail_rate])');
  };
  const before = await failed();
  await Promise.all([page.waitForURL(/explain\/change_fail_rate/), press('.figure a[href*=change_fail_rate]', 'Enter')]);
  await Promise.all([page.waitForURL(/record/), press('tr:has-text("incident") a[href*=record]', 'Enter')]);
  const record = page.url();
  await press('input[value^="unlinked"]', 'Space');
  assert.ok(await page.isChecked('input[value^="unlinked"]'));
  await page.focus('#reason');
  await page.keyboard.type('the provider was down');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#preview');
  assert.match(await page.textContent('main'), /8 failed of 40[\s\S]*7 failed of 40/);
  assert.equal(await failed(), before, 'a preview changed the figure');
  await page.goto(record);
  await press('input[value^="unlinked"]', 'Space');
  await page.fill('#reason', 'the provider was down');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#preview');
  await press('button[value=record]', 'Enter');
  await page.waitForSelector('.reasons');
  assert.match(await page.textContent('.reasons'), /no deployment caused it[\s\S]*by local · in force/);
  assert.notEqual(await failed(), before);
  assert.match(await page.textContent('#disputed + *'), /the provider was down/);
  await page.goto(record);
  await press('.reasons summary', 'Enter');
  await page.fill('.withdraw input[type=text]', 'it was ours after all');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.reasons li:not(.care)');
  assert.equal(await failed(), before, 'after the withdrawal the figure is another one');
  await context.close();
});
