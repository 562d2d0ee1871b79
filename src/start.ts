import { Module } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { keepCompiled } from './compiled.js';

/**
 * How V8 compiles, before anything is: code is kept between runs under the flags it was compiled with. WebAssembly without its second tier (src/parsers/grammars.ts);
 * on Node 20 JavaScript that is optimised eight times later than by default (67,584 bytes of bytecode run): three files of Python then cost two thirds of the processor
 * time, a large tree five sixths. Later versions have a tier between, and not this flag.
 */
const FLAGS = ['--liftoff-only', ...(process.versions.v8.startsWith('11.3.') ? ['--interrupt-budget=540000'] : [])];

for (const flag of FLAGS) setFlagsFromString(flag);
// node keeps compiled code itself from 22 on; the types are those of 20
const { enableCompileCache } = Module as { readonly enableCompileCache?: () => void };
if (enableCompileCache) enableCompileCache();
else keepCompiled(FLAGS);
void import('./cli.js');
