import type { Finding } from '../../conformance';
import type { Ink } from './ink';
import { wrap } from './text';

/** A rule with its outcome, under the heading of its section of docs/protocol.md. */
export function renderFinding(
  { section, rule, broken }: Finding,
  { ink, newSection }: { ink: Ink; newSection: boolean },
): string[] {
  const heading = newSection ? ['', ink.strong(section)] : [];
  const [first = '', ...rest] = wrap(rule, { first: '  passed  ' });
  if (broken === null) return [...heading, first.replace('passed', ink.good('passed')), ...rest];
  const lines = [first.replace('passed', ink.bad('FAILED')), ...rest];
  return [...heading, ...lines, ...wrap(broken, { first: '          → ' })];
}

export function renderChecked(findings: readonly Finding[], ink: Ink): string[] {
  const broken = findings.filter((finding) => finding.broken !== null).length;
  const passed = `${findings.length - broken} of ${findings.length} rules passed`;
  return ['', broken === 0 ? ink.good(`${passed}.`) : ink.bad(`${passed}, ${broken} failed.`)];
}
