import { strict as assert } from 'node:assert';
import { createHash, randomUUID } from 'node:crypto';
import { constants, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  openBundle,
  readSigningKey,
  signHead,
  verifyRun,
  writeAnchor,
  type OpenBundle,
  type ReportMaker,
} from '../../../audit';
import { workflowBundleDigest } from '../../../client';
import { findingMeanings, type Finding, type FindingCode, type Verification } from '../../../schemas/audit';
import { checkMoney } from '../../../audit/verify/money';
import { Subject } from '../../../audit/verify/subject';
import { reportFolder } from '../../../host/home';
import { createFolderStore } from '../../../store';
import { replayHistory } from '../../../workers';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder } from '../../support/temporary';
import { makeKeys, makeSmallBundle, type SmallBundle } from '../../support/audit/small-bundle';
import { Tampered } from '../../support/audit/tampered';
import { payments, plain, skilled, whole } from '../../support/audit/tamperings';

describe('audit verify', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();
  let bundle: SmallBundle;
  let untouched: OpenBundle;
  const seen = new Set<FindingCode>();

  before(async () => {
    bundle = await makeSmallBundle(folder.at('home'), folder.path());
    untouched = await openBundle(bundle.path);
  });

  after(() => untouched.close());

  interface VerifyHow {
    readonly trusted?: string;
    readonly installedCode?: string;
    readonly findings?: readonly Finding[];
    readonly remakeReport?: ReportMaker;
  }

  function verify(home: string, how: VerifyHow = {}): Promise<Verification> {
    const { installedCode = workflowBundleDigest(), findings = untouched.findings } = how;
    return verifyRun({
      ...{
        store: createFolderStore(home),
        home,
        experimentId: bundle.experimentId,
        installedCode,
        replay: replayHistory,
      },
      remakeReport: how.remakeReport,
      trustedKeys: how.trusted === undefined ? [] : [how.trusted],
      bundle: { files: untouched.index.files.length, findings },
    });
  }

  async function onCopy(use: (run: Tampered) => Promise<void>): Promise<void> {
    const home = folder.at(randomUUID());
    cpSync(untouched.home, home, { recursive: true, mode: constants.COPYFILE_FICLONE });
    try {
      await use(new Tampered(home, bundle.experimentId));
    } finally {
      rmSync(home, { recursive: true });
    }
  }

  function assertFinding(result: Verification, code: FindingCode): void {
    const first = result.checks.at(-1)?.findings[0];
    assert.equal(first?.code, code, JSON.stringify(first));
    assert.ok(!result.passed && first.where !== '' && first.what !== '');
    seen.add(code);
  }

  it('passes an untouched bundle, with every check', async () => {
    const result = await verify(untouched.home, { trusted: bundle.trustedKey });
    assert.deepEqual(
      result.checks.filter(({ outcome }) => outcome !== 'passed'),
      [],
    );
    assert.equal(result.checks.length, 12);
  });

  it('passes a chain that grew after the anchor', () =>
    onCopy(async (run) => {
      const later = { ...run.lines(run.chain).at(-1)!, time: new Date().toISOString() };
      run.rechain(run.chain, (lines) => [...lines, later]);
      const result = await verify(run.home, { trusted: bundle.trustedKey });
      assert.ok(result.passed, JSON.stringify(result.checks.at(-1)));
      assert.match(result.checks.find(({ name }) => name === 'anchor')?.detail ?? '', /1 later lines/);
    }));

  it('replays foreign code only if a trusted key signed the chain that names it', async () => {
    const installedCode = createHash('sha256').update('another version').digest('hex');
    const untrusted = await verify(untouched.home, { installedCode });
    assert.equal(untrusted.checks.at(-1)?.outcome, 'skipped');
    assert.match(untrusted.checks.at(-1)?.detail ?? '', /--trust-code/);
    const trusted = await verify(untouched.home, { installedCode, trusted: bundle.trustedKey });
    assert.equal(trusted.checks.at(-1)?.outcome, 'passed');
  });

  for (const [how, code, change] of [...plain, ...skilled])
    it(`${code}: ${how}`, () =>
      onCopy(async (run) => {
        await change(run);
        assertFinding(await verify(run.home, { trusted: bundle.trustedKey }), code);
      }));

  for (const [how, code, change] of payments)
    it(`${code}: ${how}, by the check of money alone`, () =>
      onCopy(async (run) => {
        await change(run);
        const { home } = run;
        const subject = new Subject({
          store: createFolderStore(home),
          home,
          experimentId: bundle.experimentId,
        });
        const result = await checkMoney(subject);
        assert.deepEqual('findings' in result && result.findings?.[0]?.code, code);
      }));

  for (const [how, code, change] of whole)
    it(`${code}: ${how}, and all digests are recomputed`, () =>
      onCopy(async (run) => {
        await change(run);
        await run.resealEverything();
        assertFinding(await verify(run.home), code);
        assertFinding(await verify(run.home, { trusted: bundle.trustedKey }), 'signature-missing');
      }));

  it('signature-untrusted: another key signs', () =>
    onCopy(async (run) => {
      await run.resealEverything();
      const store = createFolderStore(run.home);
      const anchor = JSON.parse(readFileSync(run.anchor, 'utf8')) as Parameters<typeof writeAnchor>[1];
      const key = readSigningKey(makeKeys(run.home, 'other').signing);
      await writeAnchor(store, { ...anchor, signature: signHead(key, bundle.experimentId, anchor) });
      assertFinding(await verify(run.home, { trusted: bundle.trustedKey }), 'signature-untrusted');
    }));

  it('report-contradiction: the report has a file that it does not have when it is made again', () =>
    onCopy(async (run) => {
      const reportOf = (home: string): string => reportFolder(home, bundle.experimentId);
      const close = (): Promise<void> => Promise.resolve();
      const again = () =>
        verify(run.home, {
          remakeReport: () =>
            Promise.resolve({ folder: reportOf(run.home), remade: reportOf(untouched.home), close }),
        });
      assert.ok((await again()).passed);
      writeFileSync(join(reportOf(run.home), 'more.html'), '');
      assertFinding(await again(), 'report-contradiction');
    }));

  it('has a test for every finding', () => {
    const ofBundles = (code: string): boolean => code.startsWith('bundle-');
    const codes = (Object.keys(findingMeanings) as FindingCode[]).filter((code) => !ofBundles(code));
    assert.deepEqual(
      codes.filter((code) => !seen.has(code)),
      [],
    );
  });
});
