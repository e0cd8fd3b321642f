import '@/shared/design/element.css'
import { start } from '@/shared/frame/start'

import ScreenFace from './ScreenFace.vue'
import CityPage from './city/CityPage.vue'

void start({
  root: ScreenFace,
  base: '/screen',
  signedIn: true,
  words: { zh: () => import('./words.zh'), en: () => import('./words.en') },
  routes: [
    { path: '/', component: CityPage, meta: { title: 'screen.city.title' } },
    {
      path: '/account',
      component: () => import('@/shared/session/AccountPage.vue'),
      meta: { title: 'session.account' },
    },
    { path: '/:rest(.*)', component: () => import('@/shared/frame/NothingHere.vue') },
  ],
})
