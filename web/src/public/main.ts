import { start } from '@/shared/frame/start'

import PublicFace from './PublicFace.vue'
import ReportPage from './ReportPage.vue'

void start({
  root: PublicFace,
  base: '/',
  signedIn: false,
  words: { zh: () => import('./words.zh'), en: () => import('./words.en') },
  routes: [
    { path: '/', component: ReportPage, meta: { title: 'public.report.title' } },
    {
      path: '/receipt/:number?',
      component: () => import('./ReceiptPage.vue'),
      meta: { title: 'public.receipt.title' },
    },
    { path: '/:rest(.*)', component: () => import('@/shared/frame/NothingHere.vue') },
  ],
})
