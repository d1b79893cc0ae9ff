import assert from 'node:assert/strict';
import { createDraws } from '../../../analysis/random';
import { createRandom } from '../../../core/random';
import { createNormals, createUniforms, createWords, hashName } from '../../../trainer/model/random';

describe('seeded random numbers', () => {
  it('are the same in every version, since stored artifacts come from them', () => {
    const draws = createDraws('items');
    assert.deepEqual(
      [draws.uniform(), draws.normal(), draws.chiSquare(3), draws.chiSquare(1)],
      [0.21599904913455248, 0.6425204883097999, 3.4739690681949673, 4.2660785518737665],
    );
    const random = createRandom('grade-school-math', 7, 'pool');
    assert.deepEqual([random(), random()], [0.7051420576666694, 0.24911182487404238]);
    const words = createWords(hashName(3, 'dropout x'));
    assert.deepEqual([words(), words(), words()], [981243609, 1513547292, 2419282672]);
    const normal = createNormals(hashName(1, 'lm_head.weight'));
    assert.deepEqual([normal(), normal()], [1.814672508820818, -0.8482860661471673]);
    assert.equal(createUniforms(hashName(1, 'b'))(), 0.4749991699354723);
  });
});
