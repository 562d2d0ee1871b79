import { analyzers } from './analyzers/index.js';
import { readForMain } from './sources/threads.js';

// what a thread runs that reads files for a scan; see sources/threads.ts
readForMain(analyzers);
