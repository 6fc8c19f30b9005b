import { createRequire } from 'node:module'
import type { JsonObject } from '@whisker/protocol'
import type { Country } from 'world-countries'

// Through `require`, because the package's types and its entry disagree about what an import would give.
const countries = createRequire(import.meta.url)('world-countries') as readonly Country[]

export type Entry = readonly [id: string, value: JsonObject]

/** The 250 countries: nested documents of about 2.5 kB each. */
export const atlas = (): Entry[] =>
  countries.map((country) => [country.cca3.toLowerCase(), country as unknown as JsonObject])

const FIRST_YEAR = 1987

/** The whole atlas again for each of so many years: `fra-1987` and so on. */
export const editions = (count: number): Entry[] =>
  Array.from({ length: count }, (_, index) => FIRST_YEAR + index).flatMap((year) =>
    atlas().map(([id, value]): Entry => [`${id}-${year}`, { ...value, edition: { year, of: id } }]),
  )

/** A note from each country of these regions: `postcard-fra` and so on. */
export const postcards = (...regions: readonly Country['region'][]): Entry[] =>
  countries
    .filter(({ region }) => regions.includes(region))
    .map(({ cca3, name, capital }): Entry => [
      `postcard-${cca3.toLowerCase()}`,
      { title: `From ${name.common}`, text: capital?.[0] ?? 'No city anywhere.' },
    ])
