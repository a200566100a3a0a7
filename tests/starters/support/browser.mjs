// Headless Chromium, driven by playwright-core, which is installed once into a cache directory.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { CannotRun } from './harness.mjs';

// Runs on the Node 18 of Debian 12, too.
const playwrightVersion = '1.56.1';
const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

function findChromium() {
  const candidates = [process.env.SPAWNAI_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  const found = candidates.find((candidate) => candidate && fs.existsSync(candidate));
  if (!found) throw new CannotRun('there is no Chromium (Debian package chromium, or SPAWNAI_CHROMIUM)');
  return found;
}

function playwrightDir() {
  const cache = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
  const target = path.join(cache, 'spawnai-tests', `playwright-core-${playwrightVersion}`);
  if (fs.existsSync(target)) return target;
  fs.mkdirSync(path.dirname(target), { recursive: true });
  const fresh = fs.mkdtempSync(`${target}.`);
  const install = spawnSync(
    'npm',
    ['install', '--prefix', fresh, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', `playwright-core@${playwrightVersion}`],
    { encoding: 'utf8', timeout: 180_000 },
  );
  if (install.status !== 0) {
    fs.rmSync(fresh, { recursive: true, force: true });
    throw new CannotRun(`npm cannot install playwright-core: ${install.error?.message ?? install.stderr}`);
  }
  try {
    fs.renameSync(fresh, target);
  } catch (error) {
    // Another test was quicker.
    fs.rmSync(fresh, { recursive: true, force: true });
    if (!fs.existsSync(target)) throw error;
  }
  return target;
}

export async function launch() {
  const executablePath = findChromium();
  const { chromium } = await import(pathToFileURL(path.join(playwrightDir(), 'node_modules/playwright-core/index.mjs')));
  return chromium.launch({ executablePath, args: flags });
}

/** A page that remembers everything that went wrong in it. */
export async function watchedPage(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 800 }, colorScheme: 'light', reducedMotion: 'reduce', acceptDownloads: true, ...options });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const troubles = [];
  const answered = new Set();
  const home = new URL(url).origin;
  page.on('pageerror', (error) => troubles.push(`page error: ${error.stack}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') troubles.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on('requestfailed', (request) => {
    // Playwright reports an answer without a body (204) as aborted.
    if (!answered.has(request)) troubles.push(`request failed: ${request.failure()?.errorText} ${request.method()} ${request.url()}`);
  });
  page.on('request', (request) => {
    const target = new URL(request.url());
    if (target.origin !== home && target.protocol !== 'data:' && target.protocol !== 'blob:') troubles.push(`request to elsewhere: ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() === 204) answered.add(response.request());
    if (response.status() >= 400) troubles.push(`status ${response.status()}: ${response.url()}`);
  });
  page.assertHealthy = () => assert.deepEqual(troubles, []);
  await page.goto(url);
  return page;
}

/** Controls that a screen reader could only call "button" or "edit". */
export function namelessControls(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll('button, input, select, textarea, [role=button], [tabindex="0"]')]
      .filter((element) => element.checkVisibility())
      .filter((element) => {
        const labels = [...(element.labels ?? [])].map((label) => label.textContent).join('');
        const by = (element.getAttribute('aria-labelledby') ?? '').split(/\s+/).map((id) => document.getElementById(id)?.textContent ?? '').join('');
        const own = ['INPUT', 'SELECT', 'TEXTAREA'].includes(element.tagName) ? '' : element.textContent;
        return !(labels + by + own + (element.getAttribute('aria-label') ?? '')).trim();
      })
      .map((element) => element.outerHTML.slice(0, 160)),
  );
}

/** The contrast of every visible piece of text against the nearest opaque background; below 4.5 (3 for large text) is reported. */
export function faintTexts(page) {
  return page.evaluate(() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
    const context = canvas.getContext('2d', { willReadFrequently: true });
    const rgba = (colour) => {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
      return context.getImageData(0, 0, 1, 1).data;
    };
    const luminance = (colour) => {
      const [r, g, b] = [...colour].slice(0, 3).map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const backgroundOf = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const colour = rgba(getComputedStyle(at).backgroundColor);
        if (colour[3] === 255) return colour;
      }
      return rgba('white');
    };
    const faint = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.textContent.trim() || ['SCRIPT', 'STYLE', 'OPTION'].includes(element.tagName)) continue;
      if (!element.checkVisibility({ visibilityProperty: true }) || element.closest('.visually-hidden, :disabled')) continue;
      const style = getComputedStyle(element);
      const light = luminance(rgba(style.color));
      const dark = luminance(backgroundOf(element));
      const contrast = (Math.max(light, dark) + 0.05) / (Math.min(light, dark) + 0.05);
      const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
      if (contrast < (large ? 3 : 4.5)) faint.push(`${contrast.toFixed(2)}: "${walker.currentNode.textContent.trim().slice(0, 40)}" (${style.color})`);
    }
    return faint;
  });
}
