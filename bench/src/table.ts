import { type Figure, type Unit, isMet } from './figures.ts'

const COLUMNS = ['', 'figure', 'rounds', 'target', ''] as const

/** The figures for people, in plain text. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map(rowOf)
  const widths = COLUMNS.map((title, column) =>
    Math.max(title.length, ...rows.map((cells) => (cells[column] ?? '').length)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  const lines: string[] = [line(COLUMNS)]
  figures.forEach(({ measure }, index) => {
    if (figures[index - 1]?.measure !== measure) lines.push('', measure)
    lines.push(line(rows[index] ?? []))
  })
  return `${lines.join('\n')}\n`
}

function rowOf(figure: Figure): readonly string[] {
  const { name, value, unit, range, target } = figure
  const met = isMet(figure)
  return [
    `  ${name}`,
    textOf(value, unit),
    range ? `${textOf(range[0], unit)} – ${textOf(range[1], unit)}` : '',
    target === undefined ? '' : `≤ ${textOf(target, unit)}`,
    met === undefined ? '' : met ? 'met' : 'not met',
  ]
}

function textOf(value: number, unit: Unit): string {
  const digits = unit === 'bytes' || value >= 100 ? 0 : 2
  const text = value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return `${text} ${unit === 'ratio' ? '×' : unit}`
}
