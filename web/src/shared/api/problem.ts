/** A refusal of the service (RFC 9457), with what is wrong and what is possible, in both languages. */
import { language, words, type Name } from '../language/language'

export interface Fault {
  pointer: string
  in: string
  code: string
  detail: string
}

interface Document {
  code?: string
  title?: string
  status?: number
  detail?: string
  detail_zh?: string
  detail_en?: string
  instance?: string
  possible?: string[]
  errors?: Fault[]
}

export class Problem extends Error {
  readonly code: string
  readonly status: number
  readonly possible: readonly string[]
  readonly faults: readonly Fault[]
  readonly incident: string
  private readonly says: Name | null

  constructor(status: number, document: Document = {}) {
    super(document.detail ?? document.title ?? `HTTP ${status}`)
    this.name = 'Problem'
    this.status = status
    this.code = document.code ?? (status === 0 ? 'unreachable' : 'unknown')
    this.possible = document.possible ?? []
    this.faults = document.errors ?? []
    this.incident = document.instance ?? ''
    this.says =
      document.detail_zh && document.detail_en
        ? { zh: document.detail_zh, en: document.detail_en }
        : null
  }

  /** What to tell whoever reads, in the language of the page now. */
  get detail(): string {
    if (this.says) return this.says[language.value]
    return this.status === 0 ? words.t('api.unreachable') : words.t('api.unexpected', { status: this.status })
  }

  /** The sentence about one field of the request's body, by its JSON pointer. */
  about(pointer: string): string {
    return this.faults.find((fault) => fault.pointer === pointer)?.detail ?? ''
  }

  /** The problem in an answer that is not a success. */
  static async of(response: Response): Promise<Problem> {
    try {
      return new Problem(response.status, (await response.clone().json()) as Document)
    } catch {
      return new Problem(response.status)
    }
  }

  /** Whatever was thrown, as a problem that can be shown; a bug stays a bug and is thrown on. */
  static from(error: unknown): Problem {
    if (error instanceof Problem) return error
    throw error
  }
}
