import module from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { keepCompiled } from './compiled.js';

// Compiled code is kept between runs; node does that itself from 22 on. What it is compiled with counts, so the flag comes first (src/parsers/grammars.ts).
setFlagsFromString('--liftoff-only');
const { enableCompileCache } = module as { readonly enableCompileCache?: () => void }; // the types are those of Node 20
if (enableCompileCache) enableCompileCache();
else keepCompiled();
void import('./cli.js');
