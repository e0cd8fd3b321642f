import '@/shared/design/element.css'
import { start } from '@/shared/frame/start'

import DeskFace from './DeskFace.vue'
import CaseListPage from './cases/CaseListPage.vue'

void start({
  root: DeskFace,
  base: '/desk',
  signedIn: true,
  words: { zh: () => import('./words.zh'), en: () => import('./words.en') },
  routes: [
    { path: '/', component: CaseListPage, meta: { title: 'desk.cases.title' } },
    { path: '/cases/:id(\\d+)', component: () => import('./cases/CasePage.vue'), meta: { title: 'desk.cases.one' } },
    {
      path: '/account',
      component: () => import('@/shared/session/AccountPage.vue'),
      meta: { title: 'session.account' },
    },
    { path: '/:rest(.*)', component: () => import('@/shared/frame/NothingHere.vue') },
  ],
})
