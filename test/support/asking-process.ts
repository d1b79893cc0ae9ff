/** Buys rows of an endpoint in a process of its own, to be killed: `node … asking-process.ts HOME BASE_URL ROWS`. */
import { prepareAsking } from './asked-rows';

const [home = '', baseUrl = '', rows = ''] = process.argv.slice(2);

void prepareAsking({ home, baseUrl, rows: Number(rows) }).then(({ bench, stage }) => bench.run(stage));
