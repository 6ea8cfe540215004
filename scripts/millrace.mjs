// `npm run -s millrace -- ARGUMENTS` from a checkout is `millrace ARGUMENTS`: npm changes into the checkout, the user stands in INIT_CWD.
import { chdir, env } from 'node:process';

if (env.INIT_CWD) chdir(env.INIT_CWD);
await import('../bin/millrace.mjs');
