/** How many notices wait for me, kept up to date by what happens. */
import { ref } from 'vue'

import { api, got, type Schema } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'

export const unread = ref(0)
export const COUNTED = 200 // the service counts no further

export async function fetchNotices(after: string | null, onlyUnread: boolean): Promise<Schema['NoticePage']> {
  const page = await got(
    api.GET('/api/v1/notices', {
      params: { query: { limit: 50, ...(after ? { after } : {}), ...(onlyUnread ? { unread: true } : {}) } },
    }),
  )
  unread.value = page.unread
  return page
}

/** Only the count; silent where the service is away, because the list says so. */
export async function countNotices(): Promise<void> {
  try {
    unread.value = (await got(api.GET('/api/v1/notices', { params: { query: { limit: 1, unread: true } } }))).unread
  } catch (error) {
    Problem.from(error)
  }
}

export async function markRead(read: { ids?: number[]; up_to?: number }): Promise<void> {
  unread.value = (await got(api.POST('/api/v1/notices/read', { body: { ids: read.ids ?? [], ...(read.up_to ? { up_to: read.up_to } : {}) } }))).unread
}
