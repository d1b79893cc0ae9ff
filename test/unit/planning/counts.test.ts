import assert from 'node:assert/strict';
import fc from 'fast-check';
import { demonstrationRows, pairPromptRows, permutePool, splitBudget } from '../../../planning';
import { optimiserSteps } from '../../../stages';

const budget = fc.integer({ min: 1, max: 1_000_000 });

describe('splitting a budget', () => {
  it('rounds up in decimal arithmetic', () => {
    assert.deepEqual(splitBudget(1000, 0.1), { sftRows: 100, pairRows: 900 });
    assert.deepEqual(splitBudget(64, 0.1), { sftRows: 7, pairRows: 57 });
    assert.deepEqual(splitBudget(100, 0.07), { sftRows: 7, pairRows: 93 });
    assert.deepEqual(splitBudget(20000, 1e-7), { sftRows: 1, pairRows: 19999 });
    assert.deepEqual(splitBudget(5, 0), { sftRows: 0, pairRows: 5 });
    assert.deepEqual(splitBudget(5, 1), { sftRows: 5, pairRows: 0 });
  });

  it('is exact for every fraction of hundredths', () => {
    fc.assert(
      fc.property(budget, fc.integer({ min: 0, max: 100 }), (rows, hundredths) => {
        const exact = (BigInt(rows) * BigInt(hundredths) + 99n) / 100n;
        return splitBudget(rows, hundredths / 100).sftRows === Number(exact);
      }),
    );
  });

  it('buys every row, and never fewer demonstrations for a larger fraction or budget', () => {
    const fraction = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(budget, fraction, fraction, (rows, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const split = splitBudget(rows, low);
        assert.equal(split.sftRows + split.pairRows, rows);
        assert.ok(split.sftRows <= splitBudget(rows, high).sftRows);
        assert.ok(split.sftRows <= splitBudget(rows + 1, low).sftRows);
        // A fraction above 0 buys something; one below 1 may still round up to all.
        assert.equal(split.sftRows > 0, low > 0);
      }),
    );
  });

  it('refuses an invalid budget or fraction', () => {
    for (const [rows, fraction] of [
      [0, 0.5],
      [1.5, 0.5],
      [10, 1.2],
      [10, -0.1],
      [10, NaN],
    ] as const) {
      assert.throws(() => splitBudget(rows, fraction), RangeError);
    }
  });

  it('counts optimiser steps with the short last batch of each epoch', () => {
    assert.equal(optimiserSteps(7, { epochs: 2, batchSize: 8 }), 2);
    assert.equal(optimiserSteps(17, { epochs: 2, batchSize: 8 }), 6);
  });
});

describe('the order of a pool', () => {
  it('is a permutation that depends on the seed', () => {
    const order = permutePool(500, 11);
    assert.deepEqual(
      [...order].sort((a, b) => a - b),
      Array.from({ length: 500 }, (_, index) => index),
    );
    assert.notDeepEqual(permutePool(500, 12), order);
  });

  it('nests budgets, and keeps demonstrations and pair prompts disjoint while they fit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 200 }), fc.nat(1000), fc.nat(200), (rows, seed, wanted) => {
        const bought = Math.min(wanted, rows);
        const demonstrations = demonstrationRows(rows, seed, bought);
        assert.deepEqual(demonstrationRows(rows, seed, rows).slice(0, bought), demonstrations);
        const prompts = pairPromptRows(rows, seed).slice(0, rows - bought);
        assert.equal(new Set([...demonstrations, ...prompts]).size, rows);
      }),
      { numRuns: 50 },
    );
  });

  it('keeps the relative order of rows when the pool grows', () => {
    const larger = permutePool(300, 5).filter((row) => row < 200);
    assert.deepEqual(larger, permutePool(200, 5));
  });
});
