import { type Command, Option } from 'commander';
import { parseColumnMapping, parseCount, parseUsd } from './arguments';
import type { AnnotateFlags } from './commands/annotate';
import type { importCommand, previewCommand } from './commands/data';
import { jsonOption, withColorOption } from './options';

/** Formats of files of rows. */
const formats = 'JSON Lines, JSON, CSV, TSV or Parquet, also gzipped';

function withScoreOptions(command: Command): Command {
  return withColorOption(command)
    .requiredOption('--responses <file>', `${formats}; one response in each row, in the field "response"`)
    .addOption(jsonOption())
    .addOption(
      new Option('--per-item', 'also print the verdict on every row, as JSON').implies({ json: true }),
    );
}

/** Scores responses by the rules of published benchmarks. */
export function addScoreCommands(program: Command): void {
  const score = program.command('score').description('score responses by the rules of a published benchmark');
  withScoreOptions(score.command('instruction-following'))
    .description('IFEval: strict and loose accuracy, by prompt and by instruction')
    .requiredOption('--prompts <file>', `${formats}: key, prompt, instruction_id_list, kwargs`)
    .action(async (flags: { prompts: string; responses: string }) => {
      const { scoreInstructionsCommand } = await import('./commands/score.js');
      await scoreInstructionsCommand(flags);
    });
  withScoreOptions(score.command('grade-school-math'))
    .description('GSM8K: exact match with strict and with flexible extraction')
    .requiredOption('--references <file>', `${formats}: question, answer`)
    .action(async (flags: { references: string; responses: string }) => {
      const { scoreMathCommand } = await import('./commands/score.js');
      await scoreMathCommand(flags);
    });
}

function withDataOptions(command: Command): Command {
  const check = (flag: string, text: string): Option =>
    new Option(`${flag} <action>`, `${text}: error (default) or drop`).choices(['error', 'drop']);
  return withColorOption(command)
    .argument('<file>', formats)
    .addOption(
      new Option('--kind <kind>', 'kind of the rows')
        .choices(['demonstrations', 'preferences', 'unpaired'])
        .makeOptionMandatory(),
    )
    .option(
      '--column-mapping <columns>',
      'column of the file for each field, e.g. prompt=instruction+input,completion=data.answer',
      parseColumnMapping,
    )
    .option('--held-out <file>', 'file of prompts that no row may resemble, e.g. test items')
    .addOption(check('--duplicates', 'rows that repeat an earlier row'))
    .addOption(check('--empty', 'rows with an empty answer'))
    .addOption(check('--equal', 'pairs with two equal answers'))
    .addOption(check('--ties', 'pairs of which neither answer is better'))
    .addOption(check('--overlap', 'rows whose prompt resembles a held-out prompt'))
    .addOption(jsonOption());
}

/** Annotation by people. */
export function addAnnotateCommand(program: Command): void {
  withColorOption(program.command('annotate'))
    .description('show the rows that wait for human annotation, or add answers')
    .argument('<folder>', 'folder of a peopleAnnotator or peopleJudge')
    .option('--add <file>', `${formats}: answers with the fields id, completion and, for several people, by`)
    .addOption(jsonOption())
    .action(async (folder: string, flags: AnnotateFlags) => {
      const { annotateCommand } = await import('./commands/annotate.js');
      await annotateCommand(folder, flags);
    });
}

/** The user's annotation files, and datasets in the store. */
export function addDataCommands(program: Command): void {
  const data = program.command('data').description('preview, import and export annotations');
  withDataOptions(data.command('preview'))
    .description('print the first rows as the model sees them, and every invalid row')
    .option('--rows <n>', 'number of rows to show', parseCount, 3)
    .addOption(
      new Option(
        '--definition <file>',
        'sweep whose task formats the prompts; if its annotations name the file, they also set columns and checks',
      ).conflicts('heldOut'),
    )
    .action(async (file: string, flags: Parameters<typeof previewCommand>[1]) => {
      const { previewCommand } = await import('./commands/data.js');
      await previewCommand(file, flags);
    });
  withDataOptions(data.command('import'))
    .description('check rows and write rows.jsonl and croissant.json into a new folder')
    .requiredOption('--out <folder>', 'new folder to write')
    .requiredOption('--source <text>', 'where the rows come from')
    .requiredOption('--license <name>', 'license of the rows, e.g. CC-BY-4.0')
    .requiredOption('--annotator <name>', 'who or what annotated: people, a model or a program')
    .option('--model <name>', 'model that annotated')
    .option('--prompt-template <file>', 'prompt template of that model; its digest is recorded')
    .option('--usd-per-row <usd>', 'price of one row in US dollars', parseUsd)
    .action(async (file: string, flags: Parameters<typeof importCommand>[1]) => {
      const { importCommand } = await import('./commands/data.js');
      await importCommand(file, flags);
    });
  withColorOption(data.command('export'))
    .description('write a dataset of the store, with Croissant metadata, into a new folder')
    .argument('<key>', 'key of a data stage, or its first digits')
    .requiredOption('--out <folder>', 'new folder to write')
    .action(async (key: string, flags: { out: string }) => {
      const { exportDatasetCommand } = await import('./commands/export-dataset.js');
      await exportDatasetCommand(key, flags);
    });
}
