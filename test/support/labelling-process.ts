/** Labels items in its own process: `node … labelling-process.ts FOLDER BASE_URL ITEMS LABELS`. */
import { itemsToLabel, labelByEndpoint, openSession } from './labelled-items';

const [folder = '', baseUrl = '', items = '', labels = ''] = process.argv.slice(2);

void labelByEndpoint(baseUrl).preferBatch(
  itemsToLabel(Number(items), Number(labels)),
  openSession(folder).session,
);
