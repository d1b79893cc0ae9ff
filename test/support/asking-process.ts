/** Buys rows of an endpoint in a process of its own, to be killed: `node … asking-process.ts HOME BASE_URL ROWS`. */
import { buyRows } from './asked-rows';

const [home = '', baseUrl = '', rows = ''] = process.argv.slice(2);

void buyRows({ home, baseUrl, rows: Number(rows) });
