import '@/shared/design/element.css'
import { start } from '@/shared/frame/start'

import AdministrationFace from './AdministrationFace.vue'
import PeoplePage from './people/PeoplePage.vue'

void start({
  root: AdministrationFace,
  base: '/administration',
  signedIn: true,
  words: { zh: () => import('./words.zh'), en: () => import('./words.en') },
  routes: [
    { path: '/', component: PeoplePage, meta: { title: 'administration.people.title' } },
    {
      path: '/account',
      component: () => import('@/shared/session/AccountPage.vue'),
      meta: { title: 'session.account' },
    },
    { path: '/:rest(.*)', component: () => import('@/shared/frame/NothingHere.vue') },
  ],
})
