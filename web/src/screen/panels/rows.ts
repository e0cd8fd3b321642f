/** Rows of panels as their kinds have them. */
import type { Name } from '@/shared/language/language'

export interface Ranked {
  key: string
  name: Name
  value: number
  usual: number
  z: number
  reason: Name
  level?: string
}

export interface Told {
  at: number
  case: number
  number: string
  action: string
  state: string
  kind: string
  place: string
  urgent: boolean
  supervised: boolean
  synthetic: boolean
}

export interface Late {
  case: number
  number: string
  kind_name: Name
  place: string
  unit_name: Name | null
  late_s: number
  urgent: boolean
}

export interface Stage {
  stage: string
  name: Name
  count: number
  median_s: number | null
  p90_s: number | null
  usual_s: number | null
  ratio: number | null
}

export interface System {
  key: string
  name: Name
  source_name: Name
  value: number
  silent_s: number
  status: 'ok' | 'watch' | 'warn' | 'alarm'
}

export interface Sign {
  key: string
  name: Name
  value: number | null
}
