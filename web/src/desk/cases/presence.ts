/** Who else has this case open: a heartbeat says that I have, its answer who has too; who comes,
 * writes or leaves between two of them is told by the stream. */
import { onScopeDispose, ref, watch, type Ref } from 'vue'

import { api, ask, got, type Schema } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'
import { me } from '@/shared/session/session'

import { stateOf, usePresences } from '../live/happenings'

const FIRST_S = 20
const SOON_MS = 4000 // without the stream who comes together shall still see each other soon

export function usePresence(id: Ref<number>, writing: Ref<boolean>) {
  const others = ref<Schema['Present'][]>([])
  let timer: number | undefined
  let beats = 0

  async function beat(): Promise<void> {
    window.clearTimeout(timer)
    // systems and people without a name have no presence
    if (!me.value) return
    let again = FIRST_S
    const number = id.value
    try {
      const told = await got(
        api.POST('/api/v1/cases/{number}/presence', {
          params: { path: { number } },
          body: { writing: writing.value, leaving: false },
        }),
      )
      if (number !== id.value) return
      others.value = told.others
      again = told.again_in_s
    } catch (error) {
      Problem.from(error)
      others.value = []
    }
    beats += 1
    timer = window.setTimeout(() => void beat(), stateOf() !== 'live' && beats < 15 ? SOON_MS : again * 1000)
  }

  function leave(number: number): void {
    if (!me.value) return
    // nobody waits for the answer: the page may be gone by then
    ask('POST', `/api/v1/cases/${number}/presence`, {
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ leaving: true }),
      keepalive: true,
    }).catch(() => undefined)
  }
  const hide = (): void => leave(id.value)
  window.addEventListener('pagehide', hide)
  usePresences((presence) => {
    if (presence.case === id.value) others.value = presence.others
  })

  watch(
    id,
    (_, before) => {
      if (before) leave(before)
      others.value = []
      beats = 0
      void beat()
    },
    { immediate: true },
  )
  watch(writing, () => void beat())
  onScopeDispose(() => {
    window.clearTimeout(timer)
    window.removeEventListener('pagehide', hide)
    leave(id.value)
  })
  return others
}
