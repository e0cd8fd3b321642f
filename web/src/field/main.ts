import { start } from '@/shared/frame/start'

import FieldFace from './FieldFace.vue'
import OrderListPage from './orders/OrderListPage.vue'

void start({
  root: FieldFace,
  base: '/field',
  signedIn: true,
  words: { zh: () => import('./words.zh'), en: () => import('./words.en') },
  routes: [
    { path: '/', component: OrderListPage, meta: { title: 'field.orders.title' } },
    { path: '/orders/:id(\\d+)', component: () => import('./orders/OrderPage.vue'), meta: { title: 'field.orders.one' } },
    {
      path: '/account',
      component: () => import('@/shared/session/AccountPage.vue'),
      meta: { title: 'session.account' },
    },
    { path: '/:rest(.*)', component: () => import('@/shared/frame/NothingHere.vue') },
  ],
})
