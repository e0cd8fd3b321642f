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
      path: '/people/:id(\\d+)',
      component: () => import('./people/PersonPage.vue'),
      meta: { title: 'administration.people.one' },
    },
    { path: '/keys', component: () => import('./keys/KeysPage.vue'), meta: { title: 'administration.keys.title' } },
    { path: '/data', component: () => import('./data/DataPage.vue'), meta: { title: 'administration.data.title' } },
    {
      path: '/data/:sort',
      component: () => import('./data/ItemListPage.vue'),
      meta: { title: 'administration.data.title' },
    },
    {
      path: '/data/:sort/item',
      component: () => import('./data/ItemPage.vue'),
      meta: { title: 'administration.data.one' },
    },
    {
      path: '/revisions',
      component: () => import('./revisions/RevisionListPage.vue'),
      meta: { title: 'administration.revisions.title' },
    },
    {
      path: '/revisions/:id(\\d+)',
      component: () => import('./revisions/RevisionPage.vue'),
      meta: { title: 'administration.revisions.one' },
    },
    {
      path: '/draft',
      component: () => import('./revisions/DraftPage.vue'),
      meta: { title: 'administration.revisions.draft' },
    },
    {
      path: '/account',
      component: () => import('@/shared/session/AccountPage.vue'),
      meta: { title: 'session.account' },
    },
    { path: '/:rest(.*)', component: () => import('@/shared/frame/NothingHere.vue') },
  ],
})
