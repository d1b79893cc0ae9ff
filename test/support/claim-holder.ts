/** Claims a key in a store and holds it until killed: `node … claim-holder.ts HOME KEY LEASE_MS`. Prints its fence. */
import { createFolderStore } from '../../store';

const [home = '', key = '', leaseMs = ''] = process.argv.slice(2);

void createFolderStore(home, { leaseMs: Number(leaseMs) })
  .claim(key, 'a test’s other process')
  .then((outcome) => {
    process.stdout.write(`${'claim' in outcome ? outcome.claim.fence : 'held'}\n`);
    setInterval(() => undefined, 1000);
  });
