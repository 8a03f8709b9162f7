/**
 * The main points of a report in Firefox, over WebDriver BiDi: `REPORT=report.html node --test firefox.js`.
 * Needs Debian's firefox-esr (FIREFOX names another), and puppeteer-core beside this file or in NODE_PATH.
 */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

const report = process.env.REPORT;
const firefox = process.env.FIREFOX ?? "/usr/bin/firefox-esr";
assert.ok(report && existsSync(report), "REPORT names no file");
const address = pathToFileURL(report).href;

/** @type {import("puppeteer-core").Browser} */
let browser;
/** @type {import("puppeteer-core").Page} */
let page;
/** @type {string[]} */
const misdeeds = [];

before(async () => {
  // CommonJS's way of finding a module is the one that knows NODE_PATH.
  const found = createRequire(import.meta.url).resolve("puppeteer-core");
  const { default: puppeteer } = await import(pathToFileURL(found).href);
  browser = await puppeteer.launch({ browser: "firefox", executablePath: firefox, headless: true });
  page = await browser.newPage();
  await page.setViewport({ width: 1400, height: 900 });
  page.on("console", (message) => misdeeds.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => misdeeds.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => { misdeeds.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => {
    // Firefox itself has fonts in data: addresses.
    if (![address, "about:", "data:font/"].some((known) => request.url().startsWith(known))) misdeeds.push(`request: ${request.url()}`);
  });
});

after(() => browser?.close());

/** @param {{[name: string]: string}} state */
async function go(state) {
  await page.goto("about:blank");
  await page.goto(`${address}#${new URLSearchParams(state)}`);
}

/** @param {string} selector */
async function textOf(selector) {
  const found = await page.waitForSelector(selector, { visible: true });
  return found.evaluate((element) => element.textContent);
}

test("the matrix opens with the replies in it", async () => {
  await go({});
  assert.match(await textOf("[role=gridcell] .reply"), /\S/);
});

test("a search finds, and its state stands in the address", async () => {
  await go({});
  const search = await page.waitForSelector("input[type=search]");
  await search.type("boldly");
  await page.waitForFunction(() => location.hash === "#find=boldly");
  await page.waitForFunction(() => /[1-9]/.test(document.querySelector("output.found")?.textContent ?? ""));
});

test("an address opens a cell with its differences marked", async () => {
  await go({ q: "trail", c: "pirate", s: "1", diff: "none" });
  assert.match(await textOf("aside.panel .panel-body"), /Talk like a pirate/);
  assert.ok((await page.$$("aside.panel ins")).length > 0);
  await page.keyboard.press("Escape");
  await page.waitForSelector("aside.panel", { hidden: true });
});

test("keys lead through the matrix", async () => {
  await go({});
  await page.waitForSelector("[role=gridcell]");
  for (let stops = 0; stops < 60; stops += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement?.closest("[role=grid]") !== null)) break;
  }
  await page.keyboard.down("Control");
  await page.keyboard.press("End");
  await page.keyboard.up("Control");
  await page.keyboard.press("Enter");
  assert.match(await textOf("aside.panel .panel-body"), /\S/);
});

test("the plots are drawn, and their points lead to cells", async () => {
  await go({ view: "plots" });
  await page.waitForSelector("main svg a");
  const links = await page.$$eval("main svg a", (found) => found.map((link) => link.getAttribute("href")));
  assert.ok(links.every((href) => href?.startsWith("#")));
});

test("a blind rating can be set up, in Chinese too", async () => {
  await go({ view: "rate", lang: "zh" });
  assert.match(await textOf("main.rating-view h1"), /盲评/);
  assert.equal(await page.evaluate(() => document.documentElement.lang), "zh");
});

test("the print view holds every question", async () => {
  await go({ view: "print" });
  await page.waitForFunction(() => document.querySelectorAll(".printed").length === 5);
});

test("nothing was said to the console, and nothing asked for", () => {
  assert.deepEqual(misdeeds, []);
});
