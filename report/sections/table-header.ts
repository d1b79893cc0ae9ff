import { nameSubject } from '../../analysis';
import { html, type Html } from '../html';
import type { Chapter, TableReportInput } from '../input';
import { answerParagraphs } from './parts';

function answerBlock({ analysis }: Chapter): Html {
  const name = `The answer for ${nameSubject(analysis)}`;
  return html`<div class="answer" role="region" aria-label="${name}">${answerParagraphs(analysis)}</div>`;
}

function chapterLink({ analysis, prefix }: Chapter): Html {
  return html`<li><a href="#${prefix}scores">${nameSubject(analysis)}</a></li>`;
}

/** The top of a page over several tasks and models, with the answer of each. */
export function tableHeader({ source, notes }: TableReportInput, chapters: readonly Chapter[]): Html {
  return html`<header>
    <h1>${source}</h1>
    <p class="lead">How to split an annotation budget between SFT demonstrations and preference pairs</p>
    ${chapters.map(answerBlock)}
    <ul class="lead">
      ${notes.map((note) => html`<li>${note}</li>`)}
    </ul>
    <nav aria-label="Contents">
      <ul>
        ${chapters.map(chapterLink)}
      </ul>
    </nav>
  </header>`;
}
