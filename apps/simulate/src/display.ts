/** Where there is a terminal, one line below what is written shows how far it is; elsewhere a line tells it now and then. */
export interface Display {
  write(text: string): void
  show(progress: string): void
}

const CLEAR_LINE = '\r\u001B[K'

export function newDisplay(output: NodeJS.WriteStream, nowMs: () => number): Display {
  const everyMs = output.isTTY ? 100 : 30_000
  let shownAt = nowMs()
  return {
    write: (text) => void output.write(output.isTTY ? `${CLEAR_LINE}${text}` : text),
    show(progress) {
      if (nowMs() - shownAt < everyMs) return
      shownAt = nowMs()
      output.write(output.isTTY ? `${CLEAR_LINE}${progress.slice(0, output.columns - 1)}` : `${progress}\n`)
    },
  }
}
