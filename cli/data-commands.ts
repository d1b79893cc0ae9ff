import { type Command, Option } from 'commander';
import { parseCount, parseFieldMap, parseUsd } from './arguments';
import type { AnnotateFlags } from './commands/annotate';
import type { importCommand, previewCommand } from './commands/data';
import { jsonOption, withColorOption } from './options';

function withScoreOptions(command: Command): Command {
  return withColorOption(command)
    .requiredOption('--responses <file>', 'JSON Lines with one answer a row, in the field "response"')
    .addOption(jsonOption())
    .option('--per-item', 'with --json: the verdicts on every row as well');
}

/** Scores of given responses, by the published benchmarks' rules. */
export function addScoreCommands(program: Command): void {
  const score = program.command('score').description('score given responses as the published benchmarks do');
  withScoreOptions(score.command('instruction-following'))
    .description('IFEval: 25 kinds of instructions, strict and loose, by prompt and by instruction')
    .requiredOption('--prompts <file>', 'the prompts: key, prompt, instruction_id_list, kwargs')
    .action(async (flags: { prompts: string; responses: string }) => {
      const { scoreInstructionsCommand } = await import('./commands/score.js');
      await scoreInstructionsCommand(flags);
    });
  withScoreOptions(score.command('grade-school-math'))
    .description('GSM8K: exact match by strict and by flexible extraction')
    .requiredOption('--references <file>', 'the questions: question, answer')
    .action(async (flags: { references: string; responses: string }) => {
      const { scoreMathCommand } = await import('./commands/score.js');
      await scoreMathCommand(flags);
    });
}

function withDataOptions(command: Command): Command {
  const policy = (flag: string, text: string): Option =>
    new Option(`${flag} <policy>`, text).choices(['refuse', 'drop']).default('refuse');
  return withColorOption(command)
    .argument('<file>', 'JSON Lines, CSV, TSV or Parquet')
    .addOption(
      new Option('--kind <kind>', 'what the rows are')
        .choices(['demonstrations', 'preferences', 'thumbs'])
        .makeOptionMandatory(),
    )
    .option(
      '--map <fields>',
      'fields of other names, e.g. prompt=question,completion=data.answer',
      parseFieldMap,
    )
    .option('--held-out <file>', 'a file whose prompts no row’s may be like, e.g. test items')
    .addOption(policy('--duplicates', 'rows that repeat one before'))
    .addOption(policy('--empty', 'rows with an empty answer'))
    .addOption(policy('--equal', 'pairs whose answers are the same text'))
    .addOption(policy('--overlap', 'rows with a prompt like one held out'))
    .addOption(jsonOption());
}

/** What people are asked and answer. */
export function addAnnotateCommand(program: Command): void {
  withColorOption(program.command('annotate'))
    .description('rows that wait for people, and their answers: see peopleAnnotator and peopleJudge')
    .argument('<folder>', 'the folder that the annotator or judge names')
    .option('--add <file>', 'answers: id, completion and, where several answer, by')
    .addOption(jsonOption())
    .action(async (folder: string, flags: AnnotateFlags) => {
      const { annotateCommand } = await import('./commands/annotate.js');
      await annotateCommand(folder, flags);
    });
}

/** Annotations of the user's own, and datasets of the store. */
export function addDataCommands(program: Command): void {
  const data = program
    .command('data')
    .description('annotations of your own: look at them, check them, take them in');
  withDataOptions(data.command('preview'))
    .description('the first rows as the model will see them, and every row that cannot be used')
    .option('--rows <n>', 'rows to show', parseCount, 3)
    .addOption(
      new Option(
        '--definition <file>',
        'a sweep: prompts as its task puts them, fields and policies as its annotations say where they name the file',
      ).conflicts('heldOut'),
    )
    .action(async (file: string, flags: Parameters<typeof previewCommand>[1]) => {
      const { previewCommand } = await import('./commands/data.js');
      await previewCommand(file, flags);
    });
  withDataOptions(data.command('import'))
    .description('write rows.jsonl and croissant.json into a new folder')
    .requiredOption('--out <folder>', 'the new folder')
    .requiredOption('--source <text>', 'where the rows are from')
    .requiredOption('--licence <name>', 'their licence, e.g. CC-BY-4.0')
    .requiredOption('--annotator <name>', 'who annotated: people, a model, a program')
    .option('--model <name>', 'the model that annotated')
    .option('--prompt-template <file>', 'the prompt template that it was given; its digest is kept')
    .option('--usd-per-row <usd>', 'price of a row in US dollars', parseUsd)
    .action(async (file: string, flags: Parameters<typeof importCommand>[1]) => {
      const { importCommand } = await import('./commands/data.js');
      await importCommand(file, flags);
    });
  withColorOption(data.command('export'))
    .description('write the rows of a dataset artifact and their Croissant metadata into a new folder')
    .argument('<key>', 'of a synthesizeData stage, or the first digits of it')
    .requiredOption('--out <folder>', 'the new folder')
    .action(async (key: string, flags: { out: string }) => {
      const { exportDatasetCommand } = await import('./commands/export-dataset.js');
      await exportDatasetCommand(key, flags);
    });
}
