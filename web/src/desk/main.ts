import '@/shared/design/element.css'
import { start } from '@/shared/frame/start'

import DeskFace from './DeskFace.vue'
import WorkPage from './work/WorkPage.vue'

void start({
  root: DeskFace,
  base: '/desk',
  signedIn: true,
  words: { zh: () => import('./words.zh'), en: () => import('./words.en') },
  routes: [
    { path: '/', component: WorkPage, meta: { title: 'desk.work.title' } },
    { path: '/cases', component: () => import('./cases/CaseListPage.vue'), meta: { title: 'desk.cases.title' } },
    { path: '/cases/:id(\\d+)', component: () => import('./cases/CasePage.vue'), meta: { title: 'desk.cases.one' } },
    { path: '/reports/new', component: () => import('./reports/CallPage.vue'), meta: { title: 'desk.reports.new' } },
    { path: '/reports/:id(\\d+)', component: () => import('./reports/ReportPage.vue'), meta: { title: 'desk.reports.one' } },
    { path: '/roster', component: () => import('./roster/RosterPage.vue'), meta: { title: 'desk.roster.title' } },
    { path: '/imports', component: () => import('./imports/ImportPage.vue'), meta: { title: 'desk.imports.title' } },
    { path: '/exports', component: () => import('./exports/ExportPage.vue'), meta: { title: 'desk.exports.title' } },
    { path: '/notices', component: () => import('./notices/NoticePage.vue'), meta: { title: 'desk.notices.title' } },
    {
      path: '/account',
      component: () => import('@/shared/session/AccountPage.vue'),
      meta: { title: 'session.account' },
    },
    { path: '/:rest(.*)', component: () => import('@/shared/frame/NothingHere.vue') },
  ],
})
