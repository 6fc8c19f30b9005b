import type { Limits, Usage } from '@whisker/protocol'

/** What a space takes up while a push goes over it, and what more it may. */
export class SpaceQuota {
  readonly #limits: Limits
  usage: Usage

  constructor(usage: Usage, limits: Limits) {
    this.usage = usage
    this.#limits = limits
  }

  /** Why so much more does not fit. What makes nothing larger always fits, in a full space too. */
  objectionTo({ documents, bytes }: Usage): string | undefined {
    const { spaceDocuments, spaceBytes } = this.#limits
    if (documents > 0 && this.usage.documents + documents > spaceDocuments) {
      return `The space has room for ${spaceDocuments} documents, deleted ones among them, and holds ${this.usage.documents}.`
    }
    if (bytes > 0 && this.usage.bytes + bytes > spaceBytes) {
      return `The space has room for ${spaceBytes} bytes, and holds ${this.usage.bytes}.`
    }
    return undefined
  }

  /** Notes that a document took up `before` and takes up `after`. */
  change(before: Usage, after: Usage): void {
    this.usage = {
      documents: this.usage.documents + after.documents - before.documents,
      bytes: this.usage.bytes + after.bytes - before.bytes,
    }
  }
}
