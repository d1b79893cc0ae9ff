/**
 * Makes models/language-profiles and models/english-sentences from the files of their authors:
 *   npx ts-node scripts/text-models.ts LANGDETECT PUNKT
 * LANGDETECT is the folder `langdetect` of the Python package langdetect 1.0.9 (profiles/ and utils/messages.properties),
 * PUNKT the folder punkt_tab/english of NLTK's data.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

function writeModel(name: string, model: object): void {
  const folder = join(__dirname, '..', 'models', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.json.gz'), gzipSync(JSON.stringify(model), { level: 9 }));
}

interface Profile {
  readonly name: string;
  readonly n_words: readonly number[];
  readonly freq: Readonly<Record<string, number>>;
}

/** Java properties write characters outside ASCII as \uXXXX. */
function readKanji(path: string): string[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  const groups = lines.filter((line) => line.startsWith('NGram.KANJI_'));
  return groups.map((line) => JSON.parse(`"${line.slice(line.indexOf('=') + 1).trim()}"`) as string);
}

function languageProfiles(folder: string): object {
  const names = readdirSync(join(folder, 'profiles')).sort();
  const profiles = names.map(
    (name) => JSON.parse(readFileSync(join(folder, 'profiles', name), 'utf8')) as Profile,
  );
  const grams: Record<string, number[]> = {};
  profiles.forEach(({ freq }, index) => {
    for (const [gram, count] of Object.entries(freq))
      if ([...gram].length <= 3) (grams[gram] ??= []).push(index, count);
  });
  return {
    languages: profiles.map(({ name }) => name),
    totals: profiles.map(({ n_words: totals }) => totals),
    grams,
    kanji: readKanji(join(folder, 'utils', 'messages.properties')),
  };
}

function englishSentences(folder: string): object {
  const lines = (name: string): string[] =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  const contexts = lines('ortho_context.tab').map((line) => line.split('\t'));
  return {
    abbreviations: lines('abbrev_types.txt').sort(),
    collocations: lines('collocations.tab').sort(),
    starters: lines('sent_starters.txt').sort(),
    contexts: Object.fromEntries(contexts.map(([word = '', bits]) => [word, Number(bits)])),
  };
}

const [langdetect = '', punkt = ''] = process.argv.slice(2);
writeModel('language-profiles', languageProfiles(langdetect));
writeModel('english-sentences', englishSentences(punkt));
