/** Is a receipt true? Checked here, in the page, from the file and the city's public key alone.
 *
 * The same checks as `yiwang receipt verify` (`ground/ledger/inspection.py`): the key's name, the
 * signature of the head (Ed25519 over a C2SP checkpoint), every event's leaf, its way to the signed
 * root (RFC 9162, 2.1.3.2), the order, and every member that is shown against its commitment.
 */

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json }

interface Shown {
  name: string
  value: Json
  blind: string
}

interface Row {
  position: number
  statement: { [name: string]: Json }
  leaf: string
  path: string[]
  actor: Shown | null
  facts: (Shown | string)[] | null
}

interface File {
  format: string
  version: number
  case: { id: number; number: string | null }
  key: { id: string; public: string }
  head: { origin: string; size: number; root: string; at: string; signature: string }
  events: Row[]
}

export type Fault =
  | 'malformed'
  | 'key_id'
  | 'key_unknown'
  | 'signature'
  | 'empty'
  | 'reordered'
  | 'other_case'
  | 'event_altered'
  | 'beyond_head'
  | 'proof'
  | 'actor_altered'
  | 'facts_altered'
  | 'number'

export interface Finding {
  fault: Fault
  position: number | null
}

export interface ProvenEvent {
  position: number
  at: string
  action: string
  matter: string
  unit: string | null
}

export interface Verdict {
  ok: boolean
  findings: Finding[]
  number: string | null
  origin: string
  size: number
  at: string
  key: string
  events: ProvenEvent[]
}

/** The browser lacks what the check needs: no TLS, or no Ed25519. */
export class CannotCheck extends Error {}

const TEXTS = ['action', 'article', 'at', 'matter', 'place', 'rule']
const OPTIONAL = ['after', 'before', 'unit']
const INTEGERS = ['id', 'matter_id', 'xid']
const DIGESTS = ['actor_digest', 'facts_digest']
const FIELDS = [...TEXTS, ...OPTIONAL, ...INTEGERS, ...DIGESTS, 'case_id'].sort()
const NODE = 1
const SPKI_HEAD = '302a300506032b6570032100' // an Ed25519 key in SubjectPublicKeyInfo (RFC 8410)
const utf8 = new TextEncoder()

type Bytes = Uint8Array<ArrayBuffer>

export function fromHex(text: string): Bytes {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

export function toHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

function join(...parts: Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
}

/** Canonical JSON (RFC 8785), as the record writes it. */
export function canonical(value: Json): string {
  if (typeof value === 'number') return Object.is(value, -0) ? '0' : String(value)
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const names = Object.keys(value).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name] as Json)}`).join(',')}}`
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const has = (value: unknown, ...names: string[]): value is Record<string, never> =>
  isObject(value) && Object.keys(value).sort().join() === [...names].sort().join()

const isHex = (value: unknown, bytes: number): value is string =>
  typeof value === 'string' && value.length === 2 * bytes && /^[0-9a-f]*$/.test(value)

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

function isShown(value: unknown): boolean {
  if (!has(value, 'name', 'value', 'blind')) return false
  return typeof value.name === 'string' && isHex(value.blind, 32)
}

function isStatement(value: unknown): boolean {
  if (!has(value, ...FIELDS)) return false
  const row = value as Record<string, unknown>
  return (
    TEXTS.every((name) => typeof row[name] === 'string') &&
    OPTIONAL.every((name) => row[name] === null || typeof row[name] === 'string') &&
    INTEGERS.every((name) => Number.isSafeInteger(row[name])) &&
    DIGESTS.every((name) => isHex(row[name], 32)) &&
    (row.case_id === null || Number.isSafeInteger(row.case_id))
  )
}

function isRow(value: unknown): boolean {
  if (!has(value, 'position', 'statement', 'leaf', 'path', 'actor', 'facts')) return false
  const row = value as Record<string, unknown>
  return (
    isCount(row.position) &&
    isStatement(row.statement) &&
    isHex(row.leaf, 32) &&
    Array.isArray(row.path) &&
    row.path.every((step) => isHex(step, 32)) &&
    (row.actor === null || isShown(row.actor)) &&
    (row.facts === null ||
      (Array.isArray(row.facts) && row.facts.every((fact) => isHex(fact, 32) || isShown(fact))))
  )
}

/** The file as it must be; null for any other text. */
function read(text: string): File | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (!has(value, 'format', 'version', 'case', 'key', 'head', 'events')) return null
  const { format, version, head, key, events } = value as Record<string, unknown>
  const its = (value as Record<string, unknown>).case
  const sound =
    format === 'yiwang-receipt' &&
    version === 1 &&
    has(its, 'id', 'number') &&
    isCount(its.id) &&
    (its.number === null || typeof its.number === 'string') &&
    has(key, 'id', 'public') &&
    isHex(key.id, 8) &&
    isHex(key.public, 32) &&
    has(head, 'origin', 'size', 'root', 'at', 'signature') &&
    typeof head.origin === 'string' &&
    typeof head.at === 'string' &&
    isCount(head.size) &&
    isHex(head.root, 32) &&
    isHex(head.signature, 64) &&
    Array.isArray(events) &&
    events.every(isRow)
  return sound ? (value as unknown as File) : null
}

/** The 32 bytes of a public key in PEM, as hexadecimal; empty for another kind of key. */
export function keyOfPem(pem: string): string {
  const body = pem.replace(/-----[^-]+-----/g, '').replace(/\s/g, '')
  const der = toHex(Uint8Array.from(atob(body), (sign) => sign.charCodeAt(0)))
  return der.startsWith(SPKI_HEAD) ? der.slice(SPKI_HEAD.length) : ''
}

/** The root that a leaf and its path lead to (RFC 9162, 2.1.3.2); empty where they cannot. */
async function rootOf(leaf: string, position: number, size: number, path: readonly string[]): Promise<string> {
  let node = fromHex(leaf)
  let index = position
  let last = size - 1
  for (const step of path) {
    if (last === 0) return ''
    const other = fromHex(step)
    const right = index % 2 === 1 || index === last
    node = await sha256(right ? join(Uint8Array.of(NODE), other, node) : join(Uint8Array.of(NODE), node, other))
    if (right && index % 2 === 0) {
      while (index !== 0 && index % 2 === 0) {
        index = Math.floor(index / 2)
        last = Math.floor(last / 2)
      }
    }
    index = Math.floor(index / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 ? toHex(node) : ''
}

async function commitment(shown: Shown): Promise<Bytes> {
  return sha256(join(fromHex(shown.blind), utf8.encode(canonical([shown.name, shown.value]))))
}

async function isSigned(file: File): Promise<boolean> {
  const { head, key } = file
  const body = `${head.origin}\n${head.size}\n${toBase64(fromHex(head.root))}\nat ${head.at}\n`
  let known: CryptoKey
  try {
    known = await crypto.subtle.importKey('raw', fromHex(key.public), 'Ed25519', false, ['verify'])
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotSupportedError') throw new CannotCheck()
    return false
  }
  return crypto.subtle.verify('Ed25519', known, fromHex(head.signature), utf8.encode(body))
}

async function faultsOf(row: Row, file: File): Promise<Fault[]> {
  const found: Fault[] = []
  const { statement } = row
  if (statement.case_id !== file.case.id) found.push('other_case')
  const leaf = await sha256(join(Uint8Array.of(0), utf8.encode(canonical(statement))))
  if (row.leaf !== toHex(leaf)) found.push('event_altered')
  if (row.position >= file.head.size) found.push('beyond_head')
  else if ((await rootOf(row.leaf, row.position, file.head.size, row.path)) !== file.head.root) found.push('proof')
  if (row.actor && toHex(await commitment(row.actor)) !== statement.actor_digest) found.push('actor_altered')
  if (row.facts) {
    const parts = await Promise.all(
      row.facts.map((fact) => (typeof fact === 'string' ? fromHex(fact) : commitment(fact))),
    )
    if (toHex(await sha256(join(...parts))) !== statement.facts_digest) found.push('facts_altered')
  }
  return found
}

/** The number of the case as its own events prove it. */
function provenNumber(file: File): string | null {
  let found: string | null = null
  for (const row of file.events) {
    if (row.statement.matter !== 'case') continue
    for (const fact of row.facts ?? []) {
      if (typeof fact !== 'string' && fact.name === 'number') {
        found = typeof fact.value === 'string' ? fact.value : null
      }
    }
  }
  return found
}

/** The order of the record: by transaction, then by event. */
function isAfter(row: Row, before: Row): boolean {
  const one = [row.statement.xid, row.statement.id] as [number, number]
  const other = [before.statement.xid, before.statement.id] as [number, number]
  const later = one[0] > other[0] || (one[0] === other[0] && one[1] > other[1])
  return later && row.position > before.position
}

/** Check a receipt's text against the city's published key (PEM). */
export async function checkReceipt(text: string, pem: string): Promise<Verdict> {
  if (!globalThis.crypto?.subtle) throw new CannotCheck()
  const file = read(text)
  if (file === null) {
    const findings: Finding[] = [{ fault: 'malformed', position: null }]
    return { ok: false, findings, number: null, origin: '', size: 0, at: '', key: '', events: [] }
  }
  const findings: Finding[] = []
  const tell = (fault: Fault, position: number | null = null): void => void findings.push({ fault, position })
  if (file.key.id !== toHex((await sha256(fromHex(file.key.public))).slice(0, 8))) tell('key_id')
  else if (keyOfPem(pem) !== file.key.public) tell('key_unknown')
  else if (!(await isSigned(file))) tell('signature')
  if (file.events.length === 0) tell('empty')
  for (const [n, row] of file.events.entries()) {
    const before = file.events[n - 1]
    if (before && !isAfter(row, before)) tell('reordered', row.position)
    for (const fault of await faultsOf(row, file)) tell(fault, row.position)
  }
  if (provenNumber(file) !== file.case.number) tell('number')
  return {
    ok: findings.length === 0,
    findings,
    number: file.case.number,
    origin: file.head.origin,
    size: file.head.size,
    at: file.head.at,
    key: file.key.id,
    events: file.events.map((row) => ({
      position: row.position,
      at: String(row.statement.at),
      action: String(row.statement.action),
      matter: String(row.statement.matter),
      unit: row.statement.unit as string | null,
    })),
  }
}
