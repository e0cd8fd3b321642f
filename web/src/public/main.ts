import { start } from '@/shared/frame/start'

import PublicFace from './PublicFace.vue'
import { wake } from './report/outbox'
import ReportPage from './report/ReportPage.vue'
import { installShell } from './shell'

void start({
  root: PublicFace,
  base: '/',
  signedIn: false,
  words: { zh: () => import('./words.zh'), en: () => import('./words.en') },
  routes: [
    { path: '/', component: ReportPage, meta: { title: 'public.nav.report' } },
    {
      path: '/receipt/:number?',
      component: () => import('./follow/FollowPage.vue'),
      meta: { title: 'public.nav.mine' },
    },
    { path: '/city', component: () => import('./city/CityPage.vue'), meta: { title: 'public.nav.city' } },
    { path: '/cases/:number', component: () => import('./city/CasePage.vue'), meta: { title: 'public.case.title' } },
    { path: '/places', component: () => import('./places/PlacesPage.vue'), meta: { title: 'public.nav.places' } },
    { path: '/places/:code', component: () => import('./places/PlacePage.vue'), meta: { title: 'public.places.one' } },
    { path: '/:rest(.*)', component: () => import('@/shared/frame/NothingHere.vue') },
  ],
})
void wake()
installShell()
