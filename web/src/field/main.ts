import { start } from '@/shared/frame/start'

import FieldFace from './FieldFace.vue'
import TaskListPage from './tasks/TaskListPage.vue'
import TaskPage from './tasks/TaskPage.vue'

void start({
  root: FieldFace,
  base: '/field',
  signedIn: true,
  words: { zh: () => import('./words.zh'), en: () => import('./words.en') },
  routes: [
    { path: '/', component: TaskListPage, meta: { title: 'field.tasks.title' } },
    {
      path: '/:matter(order|check)s/:id(\\d+)',
      component: TaskPage,
      meta: { title: 'field.tasks.one' },
    },
    { path: '/new', component: () => import('./finding/FindingPage.vue'), meta: { title: 'field.finding.title' } },
    { path: '/outbox', component: () => import('./outbox/OutboxPage.vue'), meta: { title: 'field.outbox.title' } },
    {
      path: '/account',
      component: () => import('@/shared/session/AccountPage.vue'),
      meta: { title: 'session.account' },
    },
    { path: '/:rest(.*)', component: () => import('@/shared/frame/NothingHere.vue') },
  ],
})
