/** One frame as it goes over the wire, right or wrong. */
export interface FrameParts {
  readonly opcode?: number
  readonly isLast?: boolean
  /** The three reserved bits: 4 is what a compressed message has. */
  readonly reserved?: number
  readonly payload?: string | Uint8Array
  readonly isMasked?: boolean
  /** What the payload is masked with, where that is not what the frame says. */
  readonly maskedWith?: readonly number[]
  /** How the length is written: in 7, 16 or 64 bits. The shortest unless told otherwise. */
  readonly lengthBits?: 7 | 16 | 64
  /** A length that is not the payload's. */
  readonly length?: bigint
}

export const OPCODES = { continuation: 0, text: 1, bytes: 2, close: 8, ping: 9, pong: 10 } as const

const MASK = [0x37, 0xfa, 0x21, 0x3d]

/** A client's frame: masked, whole, and a text, unless told otherwise. */
export function frame({
  opcode = OPCODES.text,
  isLast = true,
  reserved = 0,
  payload = '',
  isMasked = true,
  maskedWith = MASK,
  lengthBits,
  length,
}: FrameParts): Buffer {
  const bytes = Buffer.from(payload)
  const first = (isLast ? 0x80 : 0) | (reserved << 4) | opcode
  const head = [Buffer.from([first]), encodeLength(length ?? BigInt(bytes.length), isMasked, lengthBits)]
  if (!isMasked) return Buffer.concat([...head, bytes])
  const masked = bytes.map((byte, at) => byte ^ (maskedWith[at % 4] ?? 0))
  return Buffer.concat([...head, Buffer.from(MASK), masked])
}

function encodeLength(length: bigint, isMasked: boolean, bits?: number): Buffer {
  const mask = isMasked ? 0x80 : 0
  const chosen = bits ?? (length < 126n ? 7 : length < 65_536n ? 16 : 64)
  if (chosen === 7) return Buffer.from([mask | Number(length)])
  const buffer = Buffer.alloc(chosen === 16 ? 3 : 9)
  buffer[0] = mask | (chosen === 16 ? 126 : 127)
  if (chosen === 16) buffer.writeUInt16BE(Number(length), 1)
  else buffer.writeBigUInt64BE(length, 1)
  return buffer
}

export const closeFrame = (code: number, reason: string | Uint8Array = ''): Buffer =>
  frame({
    opcode: OPCODES.close,
    payload: Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]),
  })

export interface ReadFrame {
  readonly opcode: number
  readonly payload: Buffer
}

/** The server's frames at the beginning of the bytes, none of which is masked or in parts, and what is left. */
export function readFrames(bytes: Buffer): { readonly frames: readonly ReadFrame[]; readonly rest: Buffer } {
  const frames: ReadFrame[] = []
  let at = 0
  for (;;) {
    const short = (bytes[at + 1] ?? 0) & 0x7f
    const payloadAt = at + (short < 126 ? 2 : short === 126 ? 4 : 10)
    if (payloadAt > bytes.length) break
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
    if (payloadAt + length > bytes.length) break
    frames.push({ opcode: (bytes[at] ?? 0) & 0x0f, payload: bytes.subarray(payloadAt, payloadAt + length) })
    at = payloadAt + length
  }
  return { frames, rest: bytes.subarray(at) }
}
