#!/usr/bin/env node
'use strict';

// Usage: node report.js [FILE...]. Without a name, every .txt or .md file beside this script is read; without one of those,
// a sample text.

const fs = require('node:fs');
const path = require('node:path');

const wordsPerMinute = 220;
const barWidth = 32;
const topWords = 15;
const smallWords = new Set(
  ('a an and are as at be been but by can could did do does for from had has have he her him his i if in into is it its me my no not ' +
    'of on or our she so that the their them then there these they this to too up us was we were what when which who will with ' +
    'would you your').split(' '),
);

const sample = `The lighthouse stood at the end of a long stone pier. Every evening, when the fog came in from the sea, the keeper
climbed the two hundred and seven steps and lit the lamp. He counted the steps aloud, though nobody listened.

One winter the lamp would not light. The keeper tried dry matches, new oil and a clean wick; nothing helped. Down at the harbour
the fishermen saw a dark tower and understood. They carried lanterns out along the pier, one by one, until the whole pier was a
line of light. That night the sea was full of boats, and every boat came home.

In the morning the lamp worked again. Nobody knows why. But since that winter the fishermen climb the steps with the keeper on
the first evening of every month, and they count the steps together.
`;

const words = (text) => text.toLowerCase().match(/\p{L}[\p{L}\p{M}\p{N}]*(?:['’-][\p{L}\p{M}\p{N}]+)*/gu) ?? [];

function tally(items) {
  const counts = new Map();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts].sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
}

const number = (value) => value.toLocaleString('en-US', { maximumFractionDigits: 1 });

function duration(minutes) {
  const seconds = Math.max(1, Math.round(minutes * 60));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function printFacts(facts) {
  const width = Math.max(...facts.map(([name]) => name.length));
  for (const [name, value] of facts) console.log(`  ${name.padEnd(width)}  ${value}`);
}

function printBars(title, pairs, total) {
  if (pairs.length === 0) return;
  console.log(`\n${title}`);
  const width = Math.max(...pairs.map(([name]) => name.length));
  const most = Math.max(...pairs.map(([, count]) => count));
  for (const [name, count] of pairs) {
    const bar = '█'.repeat(Math.max(1, Math.round((count / most) * barWidth)));
    const share = `${((100 * count) / total).toFixed(1)} %`;
    console.log(`  ${name.padEnd(width)}  ${String(count).padStart(6)}  ${share.padStart(7)}  ${bar}`);
  }
}

function report(title, text) {
  console.log(title);
  console.log('='.repeat(Math.min(title.length, 78)));
  const all = words(text);
  if (all.length === 0) {
    console.log('There are no words in it.\n');
    return;
  }
  const counted = tally(all);
  const sentences = text.split(/[.!?…]+(?:["'”’)]*\s|$)/u).filter((part) => words(part).length > 0).length;
  const paragraphs = text.split(/\r?\n\s*\r?\n/).filter((part) => part.trim()).length;
  const letters = all.join('').match(/\p{L}/gu);
  const longest = counted.reduce((best, [word]) => (word.length > best.length ? word : best), '');
  printFacts([
    ['words', number(all.length)],
    ['distinct words', `${number(counted.length)} (${((100 * counted.length) / all.length).toFixed(0)} %)`],
    ['characters', `${number([...text].length)}, of which ${number(letters.length)} letters`],
    ['lines', number(text.split('\n').length - (text.endsWith('\n') ? 1 : 0))],
    ['sentences', `${number(sentences)}, with ${number(all.length / Math.max(1, sentences))} words on average`],
    ['paragraphs', number(paragraphs)],
    ['average word', `${number(letters.length / all.length)} letters`],
    ['longest word', longest],
    ['reading time', duration(all.length / wordsPerMinute)],
  ]);
  printBars('Most frequent words', counted.slice(0, topWords), all.length);
  printBars('Most frequent words that mean something', counted.filter(([word]) => !smallWords.has(word)).slice(0, topWords), all.length);
  printBars('Letters', tally(letters).slice(0, 12), letters.length);
  console.log();
}

function main() {
  const beside = () =>
    fs
      .readdirSync(__dirname)
      .filter((name) => /\.(txt|md)$/i.test(name) && name !== 'requirements.txt')
      .sort()
      .map((name) => path.join(__dirname, name));
  const files = process.argv.length > 2 ? process.argv.slice(2) : beside();
  if (files.length === 0) report('Sample text (put a .txt file beside this script to see its own figures)', sample);
  for (const file of files) {
    try {
      report(path.basename(file), fs.readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
    } catch (error) {
      console.error(`${file}: ${error.message}`);
      process.exitCode = 1;
    }
  }
}

main();
