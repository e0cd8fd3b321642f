/** Where a receipt is followed. The code stands behind the "#": no server ever sees it in an address. */
export interface Ticket {
  number: string
  token: string
}

/** The place of a receipt in this face. */
export function pathOf(ticket: Ticket): { path: string; hash: string } {
  return { path: `/receipt/${encodeURIComponent(ticket.number)}`, hash: `#${encodeURIComponent(ticket.token)}` }
}

/** The same as a link to be passed on. */
export function linkOf(ticket: Ticket): string {
  const { path, hash } = pathOf(ticket)
  return `${location.origin}${path}${hash}`
}
