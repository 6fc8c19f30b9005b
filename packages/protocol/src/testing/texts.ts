import type { DocumentState } from '../document-state.ts'
import type { DocumentView } from '../view.ts'

/** All that a state holds, whatever the order in which it holds it. */
export const stateText = ({ version, writes }: DocumentState): string =>
  JSON.stringify([
    version,
    writes
      .map(({ dot, root, path, value, time, base, keep }) =>
        JSON.stringify([
          dot,
          root,
          path,
          value ?? null,
          value === undefined,
          time,
          base,
          keep.map((name) => JSON.stringify(name)).sort(),
        ]),
      )
      .sort(),
  ])

/** A view with the order of its keys, and with what is missing. */
export const viewText = (view: DocumentView): string =>
  JSON.stringify(view, (_, value: unknown) => (value === undefined ? '(none)' : value))
