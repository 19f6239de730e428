// Checks that mail readers support the HTML of the mail: every element, attribute and CSS property is looked up in the data of
// caniemail.com. A missing feature is either listed below, with what the reader shows instead, or a fault.
// Usage: node mail_clients.mjs <folder with node_modules> <folder with *.html>

import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [tools, folder] = process.argv.slice(2);
const { caniemail } = await import(pathToFileURL(createRequire(path.join(path.resolve(tools), 'x.js')).resolve('caniemail')).href);

const CLIENTS = ['gmail.*', 'outlook.*', 'apple-mail.*'];

/** Features that may be missing: in which readers (by prefix of their names), and what is shown there instead. */
const MISSING = {
  '@media': [['gmail.mobile-webmail', 'outlook.'], 'Light colours and the wide padding; both fit.'],
  '<style> element': [['gmail.mobile-webmail'], 'As without @media: every style that matters is inline.'],
  'color-scheme CSS property': [['gmail.', 'outlook.'], 'The reader applies its own dark mode or none.'],
  'color-scheme meta tag': [['gmail.', 'outlook.', 'apple-mail.ios'], 'As above.'],
  '<body> element': [['outlook.'], 'It becomes a div; the outer table has the same background.'],
  'display:none': [['gmail.mobile-webmail'], 'The preview line is one pixel high and transparent.'],
  'border-radius': [['outlook.windows'], 'Square corners.'],
  'table-layout': [['outlook.windows'], 'Columns follow their content.'],
  'white-space': [['outlook.windows'], 'An amount may wrap before its currency.'],
  'word-break': [['outlook.windows-mail'], 'A word longer than a line widens the card.'],
  'role attribute': [['outlook.windows-mail'], 'Screen readers there announce layout tables.'],
};

const used = new Set();
const faults = new Set();
const files = fs.readdirSync(folder).filter((file) => file.endsWith('.html')).sort();
for (const file of files) {
  const { issues } = caniemail({ clients: CLIENTS, html: fs.readFileSync(path.join(folder, file), 'utf8') });
  for (const [client, missing] of issues.errors) {
    for (const { title } of missing) {
      const known = MISSING[title]?.[0].some((prefix) => client.startsWith(prefix));
      if (known) used.add(title);
      else faults.add(`${title} is not supported by ${client} (${file})`);
    }
  }
}
for (const title of Object.keys(MISSING)) {
  if (!used.has(title)) faults.add(`${title} is listed as missing, but nothing uses it`);
}
if (files.length === 0) faults.add(`no HTML in ${folder}`);
for (const fault of faults) console.error(fault);
if (faults.size === 0) console.log(`${files.length} pages; readers lack ${used.size} things, all of them known`);
process.exit(faults.size === 0 ? 0 : 1);
