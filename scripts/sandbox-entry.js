'use strict';

const fs = require('node:fs');
const path = require('node:path');

/** `node dist/sandbox/main.js` starts the sandbox, wherever its code is. */
const folder = path.join(__dirname, '../dist/sandbox');
fs.mkdirSync(folder, { recursive: true });
fs.writeFileSync(path.join(folder, 'main.js'), "require('../dev/sandbox/main.js');\n");
