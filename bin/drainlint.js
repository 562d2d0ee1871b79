#!/usr/bin/env node
import module from 'node:module';

// from Node 22 on the compiled code is kept between runs
module.enableCompileCache?.();
await import('../dist/cli.js');
