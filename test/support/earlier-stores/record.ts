/**
 * Records what a version of the package paid for: `npx ts-node -T test/support/earlier-stores/record.ts FOLDER`. Run it
 * once, at the last commit of a minor version. Never run it again for that version: the store is what users have.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toJsonLines } from '../../../schemas/json-lines';
import { answerTo } from '../booked-endpoint';
import { reply, send, startEndpoint } from '../endpoint-server';
import { stagesWithRows, titledNests } from './nests';
import {
  answeredLocally,
  endpointPort,
  judgedByModel,
  judgedByPeople,
  paidStages,
  type Place,
} from './paid-rows';

/** People answer every row that is open. */
async function answer({ people }: Place): Promise<void> {
  const path = (name: string): string => join(people, name);
  const open = (await readFile(path('queue.jsonl'), 'utf8')).split('\n').filter((line) => line !== '');
  const answers = open.map((line) => {
    const { id } = JSON.parse(line) as { id: string };
    return { id, completion: id.includes('-') ? '[[A]]' : ' By hand.' };
  });
  const before = await readFile(path('answers.jsonl'), 'utf8').catch(() => '');
  await writeFile(path('answers.jsonl'), before + toJsonLines(answers));
}

async function record(folder: string): Promise<void> {
  const place = { home: folder, people: join(folder, 'people') };
  await mkdir(place.people, { recursive: true });
  const { bench, stages } = await paidStages(place);
  await bench.fail(stages.staff).then(() => answer(place));
  for (const stage of Object.values(stages)) await bench.run(stage, { attempt: 2 });
  await judgedByModel(place);
  await judgedByPeople(place).catch(() => answer(place));
  await answeredLocally(place, ({ prompts }) => Promise.resolve(prompts.map((prompt) => `So: ${prompt}`)));
  const made = Object.entries(await stagesWithRows());
  const nests = made.map(([name, all]) => [name, titledNests(all)]);
  await writeFile(
    join(folder, 'nests.json'),
    `${JSON.stringify(Object.fromEntries(nests) as unknown, undefined, 2)}\n`,
  );
}

async function main(): Promise<void> {
  const behave: Parameters<typeof startEndpoint>[0] = (response, asked) =>
    send(response, 200, reply(JSON.stringify({ answer: answerTo(asked) })));
  const server = await startEndpoint(behave, endpointPort);
  await record(process.argv[2] ?? '').finally(() => server.close());
}

void main();
