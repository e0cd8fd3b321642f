/** Lists as files: asked for, made in the background, fetched when they are there. */
import { api, got, type Schema } from '@/shared/api/client'

export type Export = Schema['ExportOut']
type Wish = Schema['ExportIn']

const PAUSE_MS = 1000
const OPEN = new Set(['waiting', 'running'])

export const isOpen = (row: Pick<Export, 'state'>): boolean => OPEN.has(row.state)

export async function askExport(wish: Wish): Promise<Export> {
  return got(api.POST('/api/v1/exports', { body: wish }))
}

/** Follow one until it is done, failed or `stopped` says so. */
export async function followExport(
  id: number,
  tell: (now: Export) => void,
  stopped: () => boolean,
): Promise<Export | null> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    if (stopped()) return null
    const now = await got(api.GET('/api/v1/exports/{number}', { params: { path: { number: id } } }))
    tell(now)
    if (!isOpen(now)) return now
  }
}

/** Save the file of an export that is done. */
export function saveFile(row: Export): void {
  if (!row.file) return
  const link = document.createElement('a')
  link.href = row.file
  link.download = row.name
  link.click()
}
