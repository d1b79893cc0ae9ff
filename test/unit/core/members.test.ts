import assert from 'node:assert/strict';
import { memberOf, registerExport } from '../../../core/members';

describe('an export of a module that the workflow sandbox has loaded', () => {
  const pin = (name: string, digest: string) => ({ path: '/module.js', export: name, digest });
  const member = () => 1;

  it('is the module itself as the default of CommonJS, and its own default elsewhere', () => {
    registerExport(pin('default', 'common'), member);
    assert.equal(memberOf(pin('default', 'common')), member);
    registerExport(pin('default', 'own'), { __esModule: true, default: member });
    assert.equal(memberOf(pin('default', 'own')), member);
    registerExport(pin('named', 'common'), { named: member });
    assert.equal(memberOf(pin('named', 'common')), member);
  });

  it('is never undefined', () => {
    const register = (): void => registerExport(pin('absent', 'common'), {});
    assert.throws(register, { message: '/module.js has no export "absent" in workflows.' });
  });
});
