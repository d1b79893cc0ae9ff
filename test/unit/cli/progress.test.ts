import { strict as assert } from 'node:assert';
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import type { RunningStage } from '../../../client';
import { createInk } from '../../../cli/print/ink';
import type { RunProgress } from '../../../app/run/progress';
import { renderProgress, renderProgressLine } from '../../../cli/print/progress';
import { createProgressView } from '../../../cli/progress-view';
import { printerTo } from '../../../cli/printer';
import { planGrid, type SweepPlan } from '../../../planning';
import { sweepFixture } from '../../support/report/sweep-fixture';

const resolved = {
  definition: sweepFixture({ items: 10 }).definition,
  model: { name: 'embedded', digest: 'a'.repeat(64), path: '/models/tiny-math' },
  files: {},
  poolRows: 6144,
};
let plan: SweepPlan;

function runningStage(changes: Partial<RunningStage> = {}): RunningStage {
  const cell = plan.cells.find(({ cell: { sftFraction } }) => sftFraction === 0.5);
  const stage = cell?.stages.find(({ kind }) => kind === 'trainPreference');
  assert.ok(cell && stage);
  const { key, kind } = stage;
  return {
    stageKey: key,
    type: kind,
    state: 'running',
    attempt: 1,
    progress: {
      key,
      kind,
      phase: 'train',
      step: 40,
      steps: 128,
      loss: 0.4123,
      tokensPerSecond: 8512,
      secondsLeft: 31,
    },
    lastFailure: undefined,
    stage,
    workflowId: cell.cell.id,
    ...changes,
  };
}

function progressWith(running: readonly RunningStage[]): RunProgress {
  const cells = plan.cells.map(({ cell }, index) => ({
    cell,
    state: index < 2 ? ('done' as const) : ('running' as const),
    workflowId: cell.id,
    ...(index < 2 ? { score: 0.4 + index / 10 } : {}),
  }));
  return {
    status: {
      progress: {
        phase: 'cells',
        paused: null,
        maxConcurrentCells: 6,
        baseScore: 0.225,
        cells,
        controls: [],
        tests: [],
      },
      running,
      finished: new Set(plan.stages.slice(0, 9).map(({ stage }) => stage.key)),
    },
    cells: new Map(plan.cells.map(({ cell }) => [cell.id, cell])),
    stages: plan.stages.length,
    continues: false,
    elapsedMs: 72_000,
    secondsLeft: 110,
  };
}

/** A minimal terminal of 80 columns, for a block that is redrawn in place. */
class Screen extends PassThrough {
  readonly isTTY = true;
  readonly columns = 80;
  #lines: string[] = [''];
  #row = 0;
  #column = 0;

  override write(chunk: string): boolean {
    for (const part of chunk.match(/\u001b\[\d*[A-Z]|\u001b\[\d*m|\n|[^\u001b\n]+/g) ?? []) this.#take(part);
    return true;
  }

  #take(part: string): void {
    const [, count = '', code = ''] = /^\u001b\[(\d*)([A-Za-z])$/.exec(part) ?? [];
    if (part === '\n') [this.#row, this.#column] = [this.#row + 1, 0];
    else if (code === 'A') this.#row -= Number(count || 1);
    else if (code === 'G') this.#column = Number(count || 1) - 1;
    else if (code === 'J') this.#clear();
    else if (code === '') this.#put(part);
    this.#lines[this.#row] ??= '';
  }

  #clear(): void {
    this.#lines = this.#lines.slice(0, this.#row + 1);
    this.#lines[this.#row] = (this.#lines[this.#row] ?? '').slice(0, this.#column);
  }

  #put(text: string): void {
    const line = (this.#lines[this.#row] ?? '').padEnd(this.#column);
    this.#lines[this.#row] = line.slice(0, this.#column) + text + line.slice(this.#column + text.length);
    this.#column += text.length;
  }

  shown(): string[] {
    return this.#lines.map((line) => line.trimEnd()).filter((line) => line !== '');
  }
}

const viewOn = (stream: Screen) => createProgressView(printerTo(stream as unknown as NodeJS.WriteStream));

describe('progress', () => {
  const plain = createInk(false);
  before(async () => {
    plan = await planGrid(resolved);
  });

  it('names the stage, its cell, step, loss, speed and time left, and counts cells and stages', () => {
    const [head, scores, stage] = renderProgress(progressWith([runningStage()]), plain);
    assert.match(head ?? '', /^2 of 12 cells, 9 of \d+ stages +1 min 12 s, about 2 min left$/);
    assert.match(scores ?? '', /base 0\.225, best so far 0\.500/);
    const metrics =
      /DPO on \d+ pairs +SFT share 0\.5 at [\d,]+ +train 40\/128 +loss 0\.412 +8,512 tokens\/s +30 s left/;
    assert.match(stage ?? '', metrics);
    assert.match(
      renderProgressLine(progressWith([runningStage()])),
      /train 40\/128, loss 0\.412, 8,512 tokens\/s/,
    );
  });

  it('says that more may follow if results decide about further stages, and names those that run', () => {
    const unplanned = { key: 'k', kind: 'trainPreference', title: 'round 2: DPO on 8 pairs' };
    const progress = { ...progressWith([runningStage({ stage: unplanned })]), continues: true };
    const [head = '', , stage = ''] = renderProgress(progress, plain);
    assert.match(head, /9 of \d+ known stages +1 min 12 s, at least 2 min left$/);
    assert.match(stage, /^ {2}round 2: DPO on 8 pairs +SFT share 0\.5/);
  });

  it('counts the cells that a search skipped', () => {
    const progress = progressWith([]);
    const { status } = progress;
    assert.ok(status.progress);
    const cells = status.progress.cells.map((cell, index) =>
      index < 5 ? cell : { ...cell, state: 'skipped' as const },
    );
    const [head] = renderProgress(
      { ...progress, status: { ...status, progress: { ...status.progress, cells } } },
      plain,
    );
    assert.match(head ?? '', /^2 of 12 cells, 7 skipped, /);
  });

  it('fits every line to the width of the terminal, also with colours', () => {
    const stages = [runningStage(), runningStage({ state: 'queued' })];
    for (const width of [20, 40, 79, 100])
      for (const line of renderProgress(progressWith(stages), createInk(true), width))
        assert.ok(stringWidth(stripVTControlCharacters(line)) <= width, line);
  });

  it('prints failed attempts, but not stages that wait for another cell', () => {
    const failed = runningStage({
      state: 'retrying',
      attempt: 3,
      lastFailure: { code: 'TRAINER_CRASHED', message: 'It ended by SIGKILL.' },
    });
    const waiting = runningStage({ state: 'retrying', lastFailure: { code: 'STAGE_CLAIMED', message: 'x' } });
    assert.match(renderProgressLine(progressWith([failed])), /retrying \(attempt 3\) after TRAINER_CRASHED/);
    assert.doesNotMatch(renderProgressLine(progressWith([waiting])), /STAGE_CLAIMED/);
  });

  it('prints each queue of people once, without a time estimate', () => {
    const message = 'panel: 4 of 6 rows wait for answers; see "budgetline annotate panel".';
    const waiting = runningStage({
      state: 'retrying',
      attempt: 3,
      lastFailure: { code: 'ANNOTATION_PENDING', message },
    });
    const lines = renderProgress(progressWith([waiting, waiting]), plain).join('\n');
    assert.equal(lines.split(message).length, 2);
    assert.doesNotMatch(lines, /left|a device|attempt/);
  });

  it('is redrawn in place and leaves only notices', () => {
    const screen = new Screen();
    const view = viewOn(screen);
    const stages = [runningStage()];
    view.show(progressWith([...stages, ...stages, ...stages]));
    view.show(progressWith(stages));
    assert.equal(screen.shown().length, 3);
    view.notice('The gpu worker was killed by SIGKILL; starting another one.');
    view.show(progressWith(stages));
    assert.equal(screen.shown().length, 4);
    screen.write('^C');
    view.end();
    assert.deepEqual(screen.shown(), ['The gpu worker was killed by SIGKILL; starting another one.']);
  });
});
