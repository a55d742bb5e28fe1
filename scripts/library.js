'use strict';

require('./node-version');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { buildLibrary } = require('./bootstrap');

// For `npm run lint`, `typecheck` and `test:unit`, which need the library's types or code.
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'build-library-'));
buildLibrary(directory).then(
  () => fs.rmSync(directory, { recursive: true }),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
