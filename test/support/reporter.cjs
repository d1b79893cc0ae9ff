const { reporters, Runner } = require('mocha');

const graceMs = 20_000;

/** A test that left a worker or a child behind would keep the run from ever ending; it fails it, by name. */
function endWhatIsLeft() {
  console.error(`The tests are over; still there: ${process.getActiveResourcesInfo().join(', ')}`);
  process.exit(1);
}

/** Mocha's spec reporter with one closing line that a script can read: "N passed, N failed[, N skipped]". */
module.exports = class ClosingLine extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      const skipped = pending > 0 ? `, ${pending} skipped` : '';
      console.log(`${passes} passed, ${failures} failed${skipped}`);
      setTimeout(endWhatIsLeft, graceMs).unref();
    });
  }
};
