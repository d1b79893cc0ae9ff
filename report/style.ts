import { seriesColours } from './charts/theme';

const darkSeries = ['#4ba3e3', '#f0803c', '#2fbf91', '#dc9cc0', '#f0b429', '#8fd0f5'];

const variables = (colours: readonly (readonly [string, string])[]): string =>
  colours.map(([name, colour]) => `${name}:${colour};`).join('');

const light: readonly (readonly [string, string])[] = [
  ['--paper', '#ffffff'],
  ['--panel', '#f5f6f8'],
  ['--ink', '#1c1c1e'],
  ['--muted', '#55555e'],
  ['--grid', '#d6d7de'],
  ['--link', '#00588c'],
  ['--good', '#00704f'],
  ['--bad', '#a83f00'],
  ['--open', '#55555e'],
  ...seriesColours,
];

const dark: readonly (readonly [string, string])[] = [
  ['--paper', '#15161a'],
  ['--panel', '#1f2127'],
  ['--ink', '#ececf1'],
  ['--muted', '#b3b4bf'],
  ['--grid', '#3c3e47'],
  ['--link', '#8cc8f5'],
  ['--good', '#4fd0a5'],
  ['--bad', '#ff9d66'],
  ['--open', '#b3b4bf'],
  ...seriesColours.map(([name], index) => [name, darkSeries[index] ?? '#ffffff'] as const),
];

/** The page's one style sheet: a column of text, wide and narrow charts, dark mode, print. */
export const styleSheet = `
:root{color-scheme:light dark;${variables(light)}}
@media (prefers-color-scheme:dark){:root{${variables(dark)}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main,header,footer{max-width:62rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2.25rem}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .35rem;overflow-wrap:anywhere}
h2,p,li,caption{overflow-wrap:anywhere}
h2{font-size:1.3rem;line-height:1.3;margin:0 0 .75rem;padding-top:.25rem}
h3{font-size:1.02rem;margin:1.5rem 0 .4rem}
p{margin:0 0 .9rem;max-width:46rem}
section{margin:2.75rem 0;border-top:1px solid var(--grid);padding-top:1.25rem}
a{color:var(--link)}
code,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.86em;overflow-wrap:anywhere}
.lead{color:var(--muted);margin-bottom:1.25rem}
.answer{background:var(--panel);border-left:4px solid var(--series-1);border-radius:4px;padding:1.1rem 1.25rem}
.answer+.answer{margin-top:.8rem}
.answer p{font-size:1.09rem;margin:0;max-width:none}
.answer p+p{margin-top:.6rem}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.6rem 1.25rem;margin:1.1rem 0 0;padding:0}
.facts dt{color:var(--muted);font-size:.82rem}
.facts dd{margin:0;font-weight:600;overflow-wrap:anywhere}
dl+.lead{margin-top:1.1rem}
details{margin:0 0 .8rem}
summary{cursor:pointer;padding:.25rem 0}
nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;list-style:none;margin:1.25rem 0 0;padding:0;font-size:.93rem}
figure{margin:0 0 1.5rem}
figcaption{color:var(--muted);font-size:.93rem;max-width:46rem;margin-bottom:.5rem}
figcaption b{color:var(--ink)}
.narrow{display:none}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1rem 2rem}
.scroll{overflow-x:auto;margin:0 0 1.25rem}
.scroll:focus-visible,a:focus-visible,summary:focus-visible{outline:3px solid var(--series-1);outline-offset:2px}
table{border-collapse:collapse;font-size:.92rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--muted);padding:0 0 .5rem;caption-side:top}
th,td{padding:.38rem .6rem .38rem 0;text-align:left;border-bottom:1px solid var(--grid);vertical-align:top}
thead th{border-bottom:2px solid var(--grid);vertical-align:bottom}
th,td{white-space:nowrap}
thead th{white-space:normal;min-width:3rem}
td.text,th.text{white-space:normal;min-width:15rem}
td.list{white-space:normal;min-width:6rem}
caption{max-width:calc(100vw - 2rem)}
td.number,th.number{text-align:right;white-space:nowrap}
tr.best td,tr.best th{font-weight:700}
.claims{list-style:none;margin:0;padding:0;display:grid;gap:.8rem}
.claims>li{background:var(--panel);border-radius:4px;padding:.85rem 1.1rem}
.claims h3{margin:0}
.claims ul{margin:.4rem 0;padding-left:1.2rem;font-size:.95rem}
.claims p{margin:.2rem 0 0;max-width:none}
.claims .numbers{color:var(--muted);font-size:.93rem}
.verdict{font-weight:700;white-space:nowrap}
.verdict.confirmed{color:var(--good)}
.verdict.refuted{color:var(--bad)}
.verdict.undecided,.verdict.not-tested{color:var(--open)}
.samples{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,13.5rem),1fr));gap:.8rem;margin-bottom:1.2rem}
.sample{background:var(--panel);border-radius:4px;padding:.75rem .9rem;min-width:0}
.sample h4{margin:0 0 .35rem;font-size:.9rem}
.sample .state{color:var(--muted);font-size:.85rem;margin:.45rem 0 0}
pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;font:.85rem/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
blockquote{margin:0 0 .7rem;padding-left:.9rem;border-left:3px solid var(--grid)}
.notice{border:1px solid var(--grid);border-radius:4px;padding:.75rem 1rem;margin:1rem 0 0;max-width:none}
footer{color:var(--muted);font-size:.88rem;padding-bottom:2.5rem}
.skip{position:absolute;left:-999rem}
.skip:focus{left:1rem;top:.5rem;background:var(--paper);padding:.5rem}
@media (max-width:44rem){
  body{font-size:15px}
  main,header,footer{padding:0 1rem}
  header{padding-top:1.5rem}
  h1{font-size:1.45rem}
  .wide{display:none}
  .narrow{display:block}
  .answer{padding:.9rem 1rem}
  .answer p{font-size:1rem}
}
@media print{section{break-inside:avoid}nav,.skip{display:none}}
`.trim();
