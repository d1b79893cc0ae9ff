import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makers } from '../../../activities/makers';
import { labelOf, noWork, orderKinds, plainFacts, planStage, rulesOf, stageKinds } from '../../../stages';

const root = resolve(__dirname, '../../..');
const kinds = Object.keys(stageKinds);

/** Folders whose files may name stage kinds: the kinds themselves, their activities, and code that is not shipped. */
const free = ['stages', 'activities', 'test', 'bench', 'scripts', 'docs', 'dist', 'node_modules', 'models'];

function sourcesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

const rooms = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !free.includes(entry.name))
  .map(({ name }) => name);

/** Code without comments, where prose may name a kind. */
const codeOf = (text: string): string => text.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '');

describe('the registry of stage kinds', () => {
  it('lists every kind by its name, with an activity and a label', () => {
    assert.deepEqual(
      Object.entries(stageKinds).map(([name, { kind }]) => [name, kind]),
      kinds.map((kind) => [kind, kind]),
    );
    assert.deepEqual(Object.keys(makers).sort(), [...kinds].sort());
    for (const kind of kinds) assert.deepEqual(labelOf(kind), rulesOf(kind)?.label);
  });

  it('has a name for a kind of the user, and lists it after the built-in ones', () => {
    assert.equal(rulesOf('constructor'), undefined);
    assert.deepEqual(labelOf('bestOfN'), ['bestOfN stage', 'bestOfN stages']);
    assert.deepEqual(orderKinds(['bestOfN', 'evaluate', 'trainSft', 'evaluate']), [
      'trainSft',
      'evaluate',
      'bestOfN',
    ]);
  });

  it('decides key, kind and revision itself, whatever a plan returns', () => {
    const taken = { key: 'k', kind: 'other', makes: 'model', revision: 9 };
    const spec = { kind: 'mine' as const };
    const rest = { title: 't', queue: 'cpu', work: noWork, optimiserSteps: null } as const;
    const plan = () => ({ ...plainFacts, ...taken, spec, inputs: {}, ...rest });
    const rules = { kind: 'mine' as const, makes: 'notes', revision: () => 1, plan };
    const stage = planStage(rules, { resolved: { model: {} }, seed: 0 } as never, {});
    assert.deepEqual([stage.kind, stage.makes, stage.revision], ['mine', 'notes', 1]);
    assert.match(stage.key, /^[0-9a-f]{64}$/);
  });

  it('is the only place that names kinds: no other product file has one as a text', () => {
    const sources = rooms.flatMap(sourcesBelow);
    assert.ok(sources.length > 300, `${sources.length} files`);
    const named = new RegExp(`['"\`](${kinds.join('|')})['"\`]`);
    const found = sources.filter((path) => named.test(codeOf(readFileSync(join(root, path), 'utf8'))));
    assert.deepEqual(found, []);
  });
});
