import { type Seq, encodeFrameAround } from '@whisker/protocol'

/** What many are sent: the text, and its bytes, made once. */
export interface EncodedText {
  readonly text: string
  readonly utf8: Buffer
}

export const encoded = (text: string): EncodedText => ({ text, utf8: Buffer.from(text) })

export const frameOf = (from: Seq, page: string): EncodedText => encoded(encodeFrameAround(from, page))
