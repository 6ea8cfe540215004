// Draws what a terminal showed as docs/run.svg: `tmux capture-pane -p | node scripts/picture.ts`.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const [CELL_WIDTH, LINE_HEIGHT, MARGIN, BAR] = [7.8, 18, 16, 28];
const escapeXml = (line: string): string =>
  line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function colour(line: string): string {
  if (line.startsWith('$')) return '#7ee787';
  if (/^[█░]/.test(line)) return '#56d4dd';
  return /^(Completed|All )/.test(line) ? '#f0f6fc' : '#c9d1d9';
}

const lines = (await text(process.stdin)).trimEnd().split('\n');
const width = Math.max(...lines.map((line) => line.length)) * CELL_WIDTH + 2 * MARGIN;
const height = lines.length * LINE_HEIGHT + 2 * MARGIN + BAR;
const rows = lines.map((line, row) => {
  const y = BAR + MARGIN + (row + 1) * LINE_HEIGHT - 5;
  return `<text x="${MARGIN}" y="${y}" fill="${colour(line)}" xml:space="preserve">${escapeXml(line)}</text>`;
});
const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
  (fill, i) => `<circle cx="${20 + i * 18}" cy="16" r="5.5" fill="${fill}"/>`,
);
await writeFile(
  join(import.meta.dirname, '..', 'docs', 'run.svg'),
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Math.ceil(width)} ${height}" width="${Math.ceil(width)}" height="${height}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
${dots.join('')}
${rows.join('\n')}
</svg>
`,
);
