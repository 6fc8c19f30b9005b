import { isDeviceId, isReplicaId } from '../identity.ts'
import { type DeviceList, type KnownDevice, type KnownReplica, PROTOCOL_VERSION } from '../messages.ts'
import { type WireMessage, readMessage } from './message-parts.ts'
import {
  MESSAGE_LENGTH,
  field,
  readAs,
  readInteger,
  readList,
  readObject,
  readText,
  readable,
  refuse,
} from './reading.ts'

/* Read by people as well, with curl say: objects with names, where other messages have lists. */

export const encodeDevices = ({ timeMs, head, collected, devices }: DeviceList): WireMessage => ({
  v: PROTOCOL_VERSION,
  time: timeMs,
  head,
  collected,
  devices: devices.map(encodeDevice),
})

const encodeDevice = ({ id, name, principal, lastSeenMs, since, revokedAtMs, replicas }: KnownDevice): WireMessage => ({
  id,
  name,
  principal: readable(principal, MESSAGE_LENGTH),
  lastSeen: lastSeenMs,
  since,
  ...(revokedAtMs !== undefined && { revokedAt: revokedAtMs }),
  replicas: replicas.map(encodeReplica),
})

const encodeReplica = ({ replica, counter, lastSeenMs, since, isRetired }: KnownReplica): WireMessage => ({
  id: replica,
  counter,
  lastSeen: lastSeenMs,
  since,
  retired: isRetired,
})

export function decodeDevices(value: unknown): DeviceList {
  const message = readMessage(value, 'devices')
  return {
    timeMs: readInteger(field(message, 'time'), 'time'),
    head: readInteger(field(message, 'head'), 'head'),
    collected: readInteger(field(message, 'collected'), 'collected'),
    devices: readList(field(message, 'devices'), 'devices').map(decodeDevice),
  }
}

function decodeDevice(value: unknown, index: number): KnownDevice {
  const where = `device ${index}`
  const device = readObject(value, where)
  const revokedAt = field(device, 'revokedAt')
  return {
    id: readAs(field(device, 'id'), where, 'a device id', isDeviceId),
    name: readText(field(device, 'name'), `${where} name`, 128),
    principal: readText(field(device, 'principal'), `${where} principal`, MESSAGE_LENGTH),
    lastSeenMs: readInteger(field(device, 'lastSeen'), `${where} lastSeen`),
    since: readInteger(field(device, 'since'), `${where} since`),
    revokedAtMs: revokedAt === undefined ? undefined : readInteger(revokedAt, `${where} revokedAt`),
    replicas: readList(field(device, 'replicas'), `${where} replicas`).map((one) => decodeReplica(one, where)),
  }
}

function decodeReplica(value: unknown, where: string): KnownReplica {
  const replica = readObject(value, `${where} replica`)
  const retired = field(replica, 'retired')
  if (typeof retired !== 'boolean') refuse(`${where} retired`, 'true or false', retired)
  return {
    replica: readAs(field(replica, 'id'), where, 'a replica id', isReplicaId),
    counter: readInteger(field(replica, 'counter'), `${where} counter`),
    lastSeenMs: readInteger(field(replica, 'lastSeen'), `${where} lastSeen`),
    since: readInteger(field(replica, 'since'), `${where} since`),
    isRetired: retired,
  }
}
