/** One thing that the server looks at. */
export interface Check {
  readonly name: string
  /** What it refuses. */
  readonly refuses: string
  /** How its refusals read; the first check that fits is the one that refused. */
  readonly says: RegExp
}

/** Before there is a request, or a socket. */
const DOORS: readonly Check[] = [
  {
    name: 'http',
    refuses: 'what is no request of HTTP/1.1',
    says: /^400 bad_request: What came is not a request of HTTP/,
  },
  { name: 'http_time', refuses: 'a request that takes too long to arrive', says: /^(?:refused )?408 unavailable/ },
  { name: 'headers_size', refuses: 'a URL and headers of more than 16 KiB', says: /^(?:refused )?431 / },
  { name: 'chunk_extensions', refuses: 'chunks with more beside their length than is read', says: /^413 bad_request/ },
  {
    name: 'path',
    refuses: 'a path that leads nowhere',
    says: /^404 bad_request: There is nothing|404 bad_request: There is nothing at this path\., 200 ok$/,
  },
  { name: 'device_id', refuses: 'a device that there is not', says: /^404 bad_request: No device/ },
  { name: 'method', refuses: 'a method that the path does not know', says: /^405 / },
  { name: 'token_in_url', refuses: 'a token in a URL', says: /^(?:refused )?400 bad_request: A token in a URL/ },
  { name: 'authentication', refuses: 'a token that is nobody’s, or none', says: /^401|^closed 4401 needs_auth/ },
  {
    name: 'authorization',
    refuses: 'a space or a device that is not theirs',
    says: /^403$|^(?:403|answered 403|ended) forbidden: There is no such space for you/,
  },
  {
    name: 'space_name',
    refuses: 'a space that has no name',
    says: /^400 bad_request: What the path names is not a name/,
  },
]

/** What opens a socket. */
const UPGRADES: readonly Check[] = [
  { name: 'upgrade_path', refuses: 'a path that leads nowhere', says: /^refused 404 bad_request/ },
  {
    name: 'upgrade_origin',
    refuses: 'pages of an origin that is not on the list',
    says: /^refused 403 forbidden: Pages of this origin/,
  },
  {
    name: 'upgrade_host',
    refuses: 'a host that is none',
    says: /^refused 400 bad_request: What came is not a request that opens a socket/,
  },
  { name: 'upgrade_method', refuses: 'any method but GET', says: /^refused 400 bad_request: Invalid HTTP method/ },
  {
    name: 'upgrade_key',
    refuses: 'a key that is none',
    says: /^refused 400 bad_request: Missing or invalid Sec-WebSocket-Key/,
  },
  {
    name: 'upgrade_version',
    refuses: 'any version of WebSockets but 13',
    says: /^refused 400 bad_request: Missing or invalid Sec-WebSocket-Version/,
  },
  {
    name: 'upgrade_protocol',
    refuses: 'any subprotocol but whisker.v1',
    says: /^refused 400 bad_request: Expected the subprotocol/,
  },
  {
    name: 'upgrade_protocols',
    refuses: 'a list of subprotocols that is none',
    says: /^refused 400 bad_request: Invalid Sec-WebSocket-Protocol/,
  },
]

/** What is a frame of a WebSocket, before anything of it is read. */
const FRAMES: readonly Check[] = [
  {
    name: 'frame',
    refuses:
      'what is no frame: unmasked, reserved bits, opcodes and close codes that there are not, control frames in parts (1002)',
    says: /^closed 1002$/,
  },
  { name: 'frame_text', refuses: 'a text or a reason that is not UTF-8 (1007)', says: /^closed 1007$/ },
  {
    name: 'frame_size',
    refuses: 'a message larger than a push may be, by what it says or by what comes (1009)',
    says: /^closed 1009$/,
  },
  { name: 'frame_parts', refuses: 'a message in more than 1,024 parts (1008)', says: /^closed 1008$/ },
  { name: 'frame_bytes', refuses: 'a message of bytes', says: /^closed 4400 bad_message: Expected a text, got bytes/ },
  {
    name: 'gone_halfway',
    refuses: 'a frame or a request whose sender is gone: it is not taken, and nothing is answered',
    says: /^(?:cut)?$/,
  },
]

/** What is said on a socket. */
const MESSAGES: readonly Check[] = [
  { name: 'hello', refuses: 'anything before a hello', says: /^closed 4400 bad_request: Expected a hello/ },
  {
    name: 'hello_size',
    refuses: 'more than 16 KiB before a hello',
    says: /^closed 4413 too_large: Before anybody says/,
  },
  { name: 'hello_time', refuses: 'a socket that is silent for five seconds', says: /^closed 4408 timeout/ },
  {
    name: 'message_kind',
    refuses: 'a message that is no list, or of no kind that a client says',
    says: /^closed 4400 bad_message: message: /,
  },
  { name: 'message_number', refuses: 'a number that is none', says: /^closed 4400 bad_message: number: / },
  { name: 'message_space', refuses: 'a space that has no name', says: /^closed 4400 bad_message: space: / },
  { name: 'message_parameters', refuses: 'parameters that are no texts', says: /^closed 4400 bad_message: parameter/ },
  { name: 'message_token', refuses: 'a token that is no text', says: /^closed 4400 bad_message: token: / },
  {
    name: 'message_length',
    refuses: 'a message with a value too many or too few',
    says: /^closed 4400 bad_message: \w+: expected \d values after it/,
  },
  {
    name: 'message_in_use',
    refuses: 'a number that is in use',
    says: /^closed 4400 bad_request: The number \d+ is in use/,
  },
  {
    name: 'presence',
    refuses: 'a value to be shown that no document could have',
    says: /^closed 4400 bad_message: what is shown: /,
  },
  {
    name: 'presence_size',
    refuses: 'a value to be shown of more than 4,096 bytes',
    says: /^closed 4413 too_large: What somebody shows/,
  },
  { name: 'another_principal', refuses: 'a hello of somebody else', says: /^closed 4403 wrong_principal/ },
]

/** More than a server, an address, a person or a socket may have. */
const CROWDS: readonly Check[] = [
  {
    name: 'crowd',
    refuses: 'a socket more than the server takes',
    says: /^refused 503 unavailable: The server has as many sockets/,
  },
  {
    name: 'crowd_of_address',
    refuses: 'a socket more than an address may have',
    says: /^refused 429 rate_limited: There are too many sockets from this address\./,
  },
  {
    name: 'crowd_of_strangers',
    refuses: 'a socket more than an address may have of which nobody knows whose they are',
    says: /^refused 429 rate_limited: There are too many sockets from this address that/,
  },
  {
    name: 'crowd_of_principal',
    refuses: 'a socket more than a principal may have',
    says: /^closed 4429 rate_limited: There are too many sockets of this principal/,
  },
  {
    name: 'admission',
    refuses: 'a hello more in a second than are looked at',
    says: /^closed 4503 unavailable: Too many come at once/,
  },
  {
    name: 'rate',
    refuses: 'messages or bytes more in a second than a socket may send',
    says: /^closed 4429 rate_limited: There are too many (?:messages|bytes)/,
  },
  {
    name: 'at_once',
    refuses: 'a request or a subscription more than a socket may have',
    says: /^(?:answered 429|ended) rate_limited/,
  },
]

const BY = '^(?:answered )?'
const BAD = `${BY}400 bad_message: `

/** What a body or a message on a socket holds. */
const BODIES: readonly Check[] = [
  {
    name: 'content_type',
    refuses: 'a body that is not declared as JSON',
    says: /^415 bad_request: Expected the content-type/,
  },
  {
    name: 'content_encoding',
    refuses: 'a compressed body, a bomb among them',
    says: /^415 bad_request: Expected a body without/,
  },
  { name: 'body_size', refuses: 'a body of more than 4 MiB', says: /^413 too_large: A message has at most/ },
  {
    name: 'body_text',
    refuses: 'a body that is not whole, or not UTF-8',
    says: /^400 bad_message: The body is not whole/,
  },
  { name: 'json', refuses: 'a text that is not JSON', says: /^(?:400|closed 4400) bad_message: The text is not JSON/ },
  {
    name: 'depth',
    refuses: 'a text that is nested too deep',
    says: /^(?:400|closed 4400) bad_message: The text is nested/,
  },
  { name: 'version', refuses: 'a later version of the protocol', says: /^400 unsupported_version/ },
  {
    name: 'prototype',
    refuses: 'a key that could reach a prototype',
    says: new RegExp(`${BAD}.*could reach a prototype`),
  },
  { name: 'surrogate', refuses: 'half a character in a document', says: new RegExp(`${BAD}.*lone surrogate`) },
  {
    name: 'number',
    refuses: 'a number in a document that JSON does not have',
    says: new RegExp(`${BAD}.*which JSON does not have`),
  },
  {
    name: 'document_depth',
    refuses: 'a document that is nested too deep',
    says: new RegExp(`${BAD}.*nested deeper than`),
  },
]

const field = (name: string, refuses: string, where: string): Check => ({
  name,
  refuses,
  says: new RegExp(`^(?:answered 400|400|ended) bad_message: (?:${where})[: ]`),
})

/** Each field of a push and a pull, by where its refusal says that it is. */
const FIELDS: readonly Check[] = [
  {
    name: 'message_version',
    refuses: 'a push or a pull that is no object, or of no version',
    says: /^(?:answered 400|400|ended) bad_message: (?:push|pull): expected/,
  },
  field(
    'parameter',
    'a parameter of a pull that is no JSON',
    '(?:v|at|device|acknowledged|limit|wait): expected JSON.*',
  ),
  field('position', 'a position that is none: the epoch, `since`, `after`, `seen`', 'position|epoch|since|after|seen'),
  field('device', 'a device that is none', 'device'),
  field('acknowledged', 'an end of what was acknowledged that is none', 'acknowledged'),
  field('limit', 'a number of rows that is none', 'limit'),
  field('wait', 'a time to wait that is none', 'wait'),
  field('push_ids', 'replica ids that are none, or named twice', 'push ids'),
  field(
    'push_replicas',
    'what a push says of its replicas: the epoch, the counter, the check value',
    'push replicas?|counter|check value',
  ),
  field(
    'push_strategies',
    'strategies that there are not, collections that have no name',
    'strateg(?:y|ies)|collection',
  ),
  field('push_lists', 'entries and offers that are no lists', 'push (?:entries|offers)'),
  field('voids', 'voids that end before they begin', 'push entry \\d+ (?:from|to)'),
  ...['collection', 'document', 'type', 'dot', 'time', 'base', 'delta', 'keep', 'drop'].map((part) =>
    field(`entry_${part}`, `an entry's \`${part}\` that is none`, `push entry \\d+ ${part}`),
  ),
  field('entry', 'an entry that is no list, or does not do what its type does', 'push entry \\d+'),
  ...['collection', 'document', 'ids', 'version'].map((part) =>
    field(`offer_${part}`, `an offer's \`${part}\` that is none`, `offer \\d+ ${part}`),
  ),
  field('offer', 'an offer whose state is none', 'offer \\d+'),
]

/** What is well formed, and not true. */
const TRUTHS: readonly Check[] = [
  {
    name: 'replica_forked',
    refuses: 'entries that do not follow what the server has of the replica',
    says: new RegExp(`${BY}200 replica_forked`),
  },
  { name: 'wrong_principal', refuses: 'a replica of somebody else', says: /^403 wrong_principal/ },
  { name: 'resync', refuses: 'a position that the server never gave', says: new RegExp(`${BY}409 resync`) },
  { name: 'new_epoch', refuses: 'a replica of another epoch', says: new RegExp(`${BY}409 new_epoch`) },
  { name: 'clock_ahead', refuses: 'a time more than five minutes ahead', says: /^200 clock_ahead/ },
  { name: 'missing', refuses: 'a base on what nobody wrote', says: /^200 missing/ },
  {
    name: 'document_not_found',
    refuses: 'an edit of a document that is not there',
    says: /^200 operation_rejected: .*"document_not_found"/,
  },
  {
    name: 'operation_size',
    refuses: 'an operation of more than a mebibyte',
    says: /^200 operation_rejected: .*"operation_too_large"/,
  },
  {
    name: 'batch_size',
    refuses: 'more entries, offers or voids than a push may have',
    says: /^413 too_large: Expected at most/,
  },
  {
    name: 'push_gap',
    refuses: 'entries of one replica with a gap or an overlap between them',
    says: new RegExp(`${BY}400 bad_request: After `),
  },
  {
    name: 'push_claims',
    refuses: 'entries of a replica that the push does not speak for',
    says: new RegExp(`${BY}400 bad_request: (?:The push holds an entry|A push names)`),
  },
]

export const CHECKS: readonly Check[] = [
  ...DOORS,
  ...UPGRADES,
  ...FRAMES,
  ...MESSAGES,
  ...CROWDS,
  ...BODIES,
  ...FIELDS,
  ...TRUTHS,
]

/** The check that refused something, by what came back; `none` if nothing was refused, undefined if none is known to. */
export function checkOf(shown: string): string | undefined {
  return HARMLESS.test(shown) ? 'none' : CHECKS.find(({ says }) => says.test(shown))?.name
}

const HARMLESS = /^(?:alive|(?:answered )?200 ok(?:, 200 ok)*|204)$/
