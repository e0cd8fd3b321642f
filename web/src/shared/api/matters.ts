/** Any matter of the procedure: fetched, and moved by its actions. */
import { ask, type Schema } from './client'

export type MatterName = 'report' | 'case' | 'order' | 'check' | 'approval' | 'dispute'
export type Matter = (
  | Schema['Report']
  | Schema['Case']
  | Schema['Order']
  | Schema['Check']
  | Schema['Approval']
  | Schema['Dispute']
) & { id: number; version: number; state: string; place: string; actions: Schema['Action'][] }

const path = (name: string, id: number): string => `/api/v1/${name}s/${id}`

export async function fetchMatter(name: MatterName, id: number): Promise<Matter> {
  return ask<Matter>('GET', path(name, id))
}

/** Do an action to a matter as it was seen; an older sight is refused (412). */
export async function act(
  matter: Pick<Matter, 'id' | 'version'> & { matter: string },
  action: string,
  facts: Record<string, unknown>,
): Promise<Matter> {
  return ask<Matter>('POST', `${path(matter.matter, matter.id)}/actions/${action}`, {
    headers: { 'Content-Type': 'application/json', 'If-Match': `"${matter.version}"` },
    body: JSON.stringify({ facts }),
  })
}
