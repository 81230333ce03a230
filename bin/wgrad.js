#!/usr/bin/env node
// `npx wgrad COMMAND`: starts commands.js without Dawn's greeting.
import { fileURLToPath } from 'node:url';
import { start } from './start.js';

start([fileURLToPath(new URL('commands.js', import.meta.url)), ...process.argv.slice(2)]);
