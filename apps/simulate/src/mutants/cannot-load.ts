/** A process ends with this if its mutant does not fit the sources. */
export const CANNOT_LOAD = 3
